"""LAMMPS's files of angular potentials, with a line of columns for every ordered triplet of elements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hpcfit.export.format import Format, column_files
from hpcfit.export.source import ExportSource, number
from hpcfit.export.written import Written, quoted
from hpcfit.records import ColumnFile


def write(source: ExportSource) -> Written:
    """Return the file with one entry per ordered triplet.

    LAMMPS reads two-body parameters from the entries whose second and third elements are equal; they are written into
    all entries of a centre and a bonded atom.

    Raises
    ------
    InputError
        If LAMMPS refuses a parameter because it is negative.
    """
    layout = source.form.record.file
    if layout is None:
        raise ValueError(
            f"potential has no file of columns, found '{source.form.name}', allowed {', '.join(column_files())}"
        )
    _refuse_negative(source, layout.not_negative)
    lines = [f"# {comment}" for comment in source.comments]
    lines.append(" ".join(["# element1 element2 element3", *layout.columns]))
    for triplet in itertools.product(range(len(source.species)), repeat=3):
        elements = (source.species[atom] for atom in triplet)
        lines.append(" ".join([*elements, *map(number, _entry(source, layout, *triplet))]))
    notes = (layout.note,) if layout.note and len(source.species) == 1 else ()
    coefficients = (("* *", f"{quoted(source.file)} {' '.join(source.species)}"),)
    return Written("\n".join([*lines, ""]), source.file, layout.style, coefficients, notes=notes)


def _entry(source: ExportSource, layout: ColumnFile, *triplet: int) -> list[float]:
    values = {name: source.value(name, *triplet) for name in source.names}
    for name in layout.strengths:
        if not source.potential.bonds.seen(*triplet[: source.n_atoms(name)]):
            values[name] = 0.0
    columns = {**layout.write(values), **layout.fixed}
    return [columns[name] for name in layout.columns]


def _refuse_negative(source: ExportSource, names: Sequence[str]) -> None:
    """Refuse negative parameters that LAMMPS does not accept."""
    for parameter in source.potential.parameters:
        name = parameter.path.removeprefix(f"{source.potential.id}.").split("[")[0]
        if name in names and parameter.start < 0:
            raise source.refuse(
                f"LAMMPS refuses a negative {name}", f"{parameter.path} = {parameter.start}", "0 or above"
            )


RECORDS = tuple(
    Format(name, write, all_bonds=not layout.strengths) for name, layout in column_files().items()
)
