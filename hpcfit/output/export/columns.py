"""Potential files with a line of columns for every ordered triplet of elements: what LAMMPS reads for angular forms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from hpcfit.output.export.source import Source, Written, number

#: Numbers of an entry, in the file's order, from the central atom, the bonded one and the third one.
Entry = Callable[[Source, int, int, int], Sequence[float]]


def write_columns(source: Source, style: str, names: Sequence[str], entry: Entry) -> Written:
    """Return the file with one entry per ordered triplet.

    Two-body parameters are read by LAMMPS from the entries whose second and third element are equal, and written into
    all entries of a centre and a bonded atom.

    Parameters
    ----------
    source
        The potential.
    style
        LAMMPS' pair style.
    names
        The file's columns, for a comment.
    entry
        The numbers of one entry.
    """
    lines = [f"# {comment}" for comment in source.comments]
    lines.append(" ".join(["# element1 element2 element3", *names]))
    for i, j, k in itertools.product(range(len(source.species)), repeat=3):
        elements = (source.species[atom] for atom in (i, j, k))
        lines.append(" ".join([*elements, *(number(value) for value in entry(source, i, j, k))]))
    command = f"pair_coeff * * {source.file} {' '.join(source.species)}"
    return Written("\n".join([*lines, ""]), (f"pair_style {style}", command))


def refuse_negative(source: Source, names: Sequence[str]) -> None:
    """Refuse parameters below zero that the file's readers take for a mistake.

    Raises
    ------
    InputError
        With the first one found.
    """
    for parameter in source.potential.parameters:
        name = parameter.path.removeprefix(f"{source.potential.id}.").split("[")[0]
        if name in names and parameter.start < 0:
            raise source.refuse(
                f"LAMMPS takes no negative {name}", f"{parameter.path} = {parameter.start}", "0 or above"
            )
