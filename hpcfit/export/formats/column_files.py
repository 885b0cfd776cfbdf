"""Potential files with a line of columns for every ordered triplet of elements: what LAMMPS reads for angular forms."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hpcfit.export.format import Format, column_files
from hpcfit.export.source import ExportSource, Written, number
from hpcfit.records import ColumnFile


def write(source: ExportSource) -> Written:
    """Return the file with one entry per ordered triplet.

    Two-body parameters are read by LAMMPS from the entries whose second and third element are equal, and written into
    all entries of a centre and a bonded atom.

    Raises
    ------
    InputError
        When a parameter is negative that LAMMPS refuses.
    """
    layout = source.form.record.file
    if layout is None:
        raise ValueError(
            f"no file of columns, found '{source.form.name}', allowed {', '.join(column_files())}"
        )
    _refuse_negative(source, layout.not_negative)
    lines = [f"# {comment}" for comment in source.comments]
    lines.append(" ".join(["# element1 element2 element3", *layout.columns]))
    for triplet in itertools.product(range(len(source.species)), repeat=3):
        elements = (source.species[atom] for atom in triplet)
        lines.append(" ".join([*elements, *map(number, _entry(source, layout, *triplet))]))
    commands = f"pair_style {layout.style}", f"pair_coeff * * {source.file} {' '.join(source.species)}"
    notes = (layout.note,) if layout.note and len(source.species) == 1 else ()
    return Written("\n".join([*lines, ""]), commands, notes)


def _entry(source: ExportSource, layout: ColumnFile, *triplet: int) -> list[float]:
    values = {name: source.value(name, *triplet) for name in source.names}
    for name in layout.strengths:
        if not source.potential.bonds.seen(*triplet[: source.n_atoms(name)]):
            values[name] = 0.0
    columns = {**layout.write(values), **layout.fixed}
    return [columns[name] for name in layout.columns]


def _refuse_negative(source: ExportSource, names: Sequence[str]) -> None:
    """Refuse parameters below zero that the file's readers take for a mistake."""
    for parameter in source.potential.parameters:
        name = parameter.path.removeprefix(f"{source.potential.id}.").split("[")[0]
        if name in names and parameter.start < 0:
            raise source.refuse(
                f"LAMMPS takes no negative {name}", f"{parameter.path} = {parameter.start}", "0 or above"
            )


RECORDS = tuple(
    Format(name, write, all_bonds=not layout.strengths) for name, layout in column_files().items()
)
