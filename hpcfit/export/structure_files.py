"""The structure files that a job lists, with the relaxed atoms."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from hpcfit.dataset.replacing import refuse_unsafe, replacing
from hpcfit.job_outputs import MARK, MARK_ENTRY
from hpcfit.records import Job
from hpcfit.runfile.outcomes import StructureOutcome


def write_structures(
    job: Job, outcomes: Sequence[StructureOutcome], log: TextIO, overwrite: bool = False
) -> None:
    """Write the ``<output>`` files of every structure, replacing earlier ones, and list them in the log.

    Files of other programs are replaced only with `overwrite`.

    Raises
    ------
    InputError
        If a file cannot be written or is not hpcfit's.
    """
    by_id = {outcome.id: outcome for outcome in outcomes}
    for structure in job.own_structures:
        for wanted in structure.files:
            refuse_unsafe(wanted.path, wanted.file, overwrite)
            atoms = _ase_atoms(by_id[structure.id])
            with replacing(Path(wanted.path)) as temporary:
                _WRITERS[wanted.format](temporary, atoms, job.species)
            log.write(f"\n{wanted.file}, {wanted.format} of structure '{structure.id}'\n")


def _ase_atoms(outcome: StructureOutcome) -> Any:
    """Return the structure with its energy, and its forces if the job lists them."""
    # ASE takes long to import, and few jobs write structures.
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = Atoms(outcome.symbols, positions=outcome.position, cell=outcome.cell, pbc=outcome.pbc)
    values = {prop.name: prop.value for prop in outcome.properties}
    known: dict[str, Any] = {"energy": float(values["total-energy"][0])}
    if "atomic-forces" in values:
        known["forces"] = values["atomic-forces"].reshape(-1, 3)
    atoms.calc = SinglePointCalculator(atoms, **known)
    return atoms


def _write_poscar(path: Path, atoms: Any, species: Sequence[str]) -> None:
    from ase.io.vasp import write_vasp

    # readers of POSCAR need the atoms grouped by species
    order = np.argsort([species.index(symbol) for symbol in atoms.symbols], kind="stable")
    text = io.StringIO()
    write_vasp(text, atoms[order], direct=True)
    symbols, rest = text.getvalue().split("\n", 1)
    path.write_text(f"{symbols.strip()} {MARK}\n{rest}", encoding="utf-8")


def _write_extxyz(path: Path, atoms: Any, species: Sequence[str]) -> None:
    from ase.io.extxyz import write_extxyz

    atoms.info[MARK_ENTRY[0]] = MARK_ENTRY[1]
    with path.open("w", encoding="utf-8") as file:
        write_extxyz(file, [atoms])


def _write_dump(path: Path, atoms: Any, species: Sequence[str]) -> None:
    """Write a snapshot as LAMMPS's ``dump custom`` does; ASE reads this format but does not write it."""
    from ase.calculators.lammps import Prism

    prism = Prism(np.array(atoms.cell.complete()), pbc=atoms.pbc)
    position = prism.vector_to_lammps(atoms.positions)
    lengths, (xy, xz, yz) = np.array(prism.get_lammps_prism()[:3]), prism.get_lammps_prism()[3:]
    low, high = np.zeros(3), lengths.copy()
    for axis in np.flatnonzero(~atoms.cell.any(axis=1)):
        low[axis], high[axis] = position[:, axis].min(), position[:, axis].max()
    # LAMMPS's bounds are those of the box around the tilted cell
    low += [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high += [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    kinds = " ".join("pp" if periodic else "ff" for periodic in atoms.pbc)
    lines = [f"ITEM: TIMESTEP ({MARK})", "0", "ITEM: NUMBER OF ATOMS", str(len(atoms))]
    lines.append(f"ITEM: BOX BOUNDS xy xz yz {kinds}")
    lines += [f"{a:.17g} {b:.17g} {t:.17g}" for a, b, t in zip(low, high, (xy, xz, yz), strict=True)]
    lines.append("ITEM: ATOMS id type element x y z")
    for k, (symbol, (x, y, z)) in enumerate(zip(atoms.symbols, position, strict=True), start=1):
        lines.append(f"{k} {species.index(symbol) + 1} {symbol} {x:.17g} {y:.17g} {z:.17g}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


_WRITERS: dict[str, Callable[[Path, Any, Sequence[str]], None]] = {
    "lammps-dump": _write_dump,
    "poscar": _write_poscar,
    "extxyz": _write_extxyz,
}
