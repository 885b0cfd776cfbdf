"""LAMMPS's pair styles such as ``lj/cut``, which need commands only and no parameter file."""

from __future__ import annotations

import itertools

from hpcfit.export.format import Format, pair_styles
from hpcfit.export.source import ExportSource, Written, number
from hpcfit.records import PairStyle


def write(source: ExportSource) -> Written:
    """Return the commands as a file that LAMMPS includes."""
    style = source.form.record.lammps
    if not isinstance(style, PairStyle):
        allowed = ", ".join(known.format for known in pair_styles())
        raise ValueError(f"potential has no pair style, found '{source.form.name}', allowed {allowed}")
    pairs = list(itertools.combinations_with_replacement(range(len(source.species)), 2))
    largest = max(source.value("cutoff", *pair) for pair in pairs)
    commands = [f"pair_style {style.style} {number(largest)}"]
    for i, j in pairs:
        # LAMMPS would mix the coefficients of pairs that are not listed, or fail.
        absent = () if source.potential.bonds.seen(i, j) else style.strengths
        values = (number(0.0 if name in absent else source.value(name, i, j)) for name in style.columns)
        commands.append(
            f"pair_coeff {i + 1} {j + 1} {' '.join(values)} # {source.species[i]} {source.species[j]}"
        )
    comments = [f"# {comment}" for comment in source.comments]
    return Written("\n".join([*comments, *commands, ""]), (f"include {source.file}",))


RECORDS = tuple(Format(style.format, write) for style in pair_styles())
