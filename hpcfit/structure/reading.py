"""Structures from files: POSCAR with optional target forces, and all formats of ASE."""

from __future__ import annotations

import lzma
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hpcfit.errors import Fault, InputError, nearest
from hpcfit.input_files import MOST_TABLE, check_inflated, check_regular
from hpcfit.records import Atoms, FloatArray


def read(
    path: str, kind: str, species: Sequence[str], frame: int | None = None
) -> tuple[Atoms, FloatArray | None]:
    """Return the atoms in a file, and the forces [n, 3] (eV/Angstrom) if there are any.

    Parameters
    ----------
    path
        The file.
    kind
        ``poscar``, whose atom lines may contain three more numbers, the force; or empty for a format that ASE detects.
    species
        The job's species, to which the atoms' numbers refer.
    frame
        Which of several structures, from 0, or from -1 backwards; None if the file must hold a single one.

    Raises
    ------
    ValueError
        When the file cannot be read, has no such frame or several without one, or a species that the job lacks.
    """
    try:
        check_regular(path, MOST_TABLE)
        check_inflated(path, MOST_TABLE)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    # ASE takes long to import.
    from ase.io import iread

    try:
        # ASE recognises a POSCAR only by its name.
        with np.errstate(all="ignore"):  # lengths that are too large are reported by what follows
            frames: Iterator[Any] = iread(path, index=":", format="vasp" if kind == "poscar" else None)
            atoms, n = _chosen(frames, frame)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:
        # ASE's parsers raise many kinds of exceptions.
        raise ValueError(f"cannot read {path}: {type(error).__name__} {error}") from error
    n = max(n, _n_configurations(path)) if kind == "poscar" else n
    if frame is None and n > 1:
        raise ValueError(
            f"{path} holds several structures, found {n}, allowed 1, or <file frame=...> 0 .. {n - 1}"
        )
    if atoms is None:
        raise ValueError(f"frame of {path}, found {frame}, allowed 0 .. {n - 1}, or -{n} .. -1 from the end")
    forces = _poscar_forces(path, len(atoms)) if kind == "poscar" else _forces(atoms)
    if forces is not None and not np.isfinite(forces).all():
        raise ValueError(f"{path}: a force is not finite")
    try:
        return from_ase(atoms, species, path), forces
    except InputError as error:
        raise ValueError(str(error.faults[0])) from error


def _chosen(frames: Iterator[Any], frame: int | None) -> tuple[Any, int]:
    """Return one of the structures in a file, None if there is none such, and their number."""
    # Only as many as are counted from the end are kept.
    last: deque[Any] = deque(maxlen=max(1, -(frame or 0)))
    chosen, n = None, 0
    for n, atoms in enumerate(frames, start=1):
        last.append(atoms)
        if n - 1 == (frame or 0):
            chosen = atoms
    if frame is not None and frame < 0:
        chosen = last[0] if n >= -frame else None
    return chosen, n


def _n_configurations(path: str) -> int:
    """Return the number of configurations in a VASP file that numbers them, of which ASE reads the first."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return sum(line.lower().startswith("direct configuration") for line in file)


def from_ase(atoms: Any, species: Sequence[str], where: str) -> Atoms:
    """Convert an `ase.Atoms` to the job's species; `where` is its name in faults.

    Raises
    ------
    InputError
        When it has a species that the job lacks, or is not a valid structure.
    """
    if faults := [Fault(where, what) for what in _unsound(atoms)]:
        raise InputError(faults)
    unknown = [symbol for symbol in dict.fromkeys(atoms.symbols) if symbol not in species]
    if unknown:
        what, near = "species that the job lacks", nearest(unknown[0], species)
        raise InputError([Fault(where, what, ", ".join(unknown), ", ".join(species), near)])
    return Atoms(
        np.array([species.index(symbol) for symbol in atoms.symbols], dtype=np.int32),
        np.array(atoms.cell, dtype=np.float64),
        np.array(atoms.pbc, dtype=bool),
        np.array(atoms.positions, dtype=np.float64, order="C"),
    )


def _unsound(atoms: Any) -> Iterator[str]:
    """Yield the defects of an `ase.Atoms`."""
    cell = np.array(atoms.cell)
    if not len(atoms):
        yield "no atoms"
    if len(bad := np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))):
        yield f"position of atom {bad[0]} is not finite"
    if not np.isfinite(cell).all():
        yield "a cell vector is not finite"
    elif np.linalg.matrix_rank(cell * atoms.pbc[:, None]) < atoms.pbc.sum():
        yield "cell vectors of the periodic directions are missing or linearly dependent"


def _forces(atoms: Any) -> FloatArray | None:
    """Return the forces stored with a structure."""
    from ase.calculators.calculator import PropertyNotImplementedError

    try:
        return np.array(atoms.get_forces(apply_constraint=False), dtype=np.float64)
    except (RuntimeError, PropertyNotImplementedError):
        return None


def _poscar_forces(path: str, n_atoms: int) -> FloatArray | None:
    """Return the numbers after the positions if every atom has three."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    # The coordinates begin after the line that gives their kind.
    said = (k + 1 for k in range(6, len(lines)) if lines[k].strip()[:1].lower() in {"d", "c", "k"})
    first = next(said, len(lines))
    rows = []
    for line in lines[first : first + n_atoms]:
        words = [word for word in line.split()[3:] if word.upper() not in {"T", "F"}]
        try:
            rows.append([float(word) for word in words[:3]])
        except ValueError:
            # A comment, such as the element's name.
            rows.append([])
    counts = {len(row) for row in rows}
    if counts == {3}:
        return np.array(rows)
    if 3 in counts:
        raise ValueError(f"{path}: forces of some atoms but not of all, line {first + 1} and below")
    return None
