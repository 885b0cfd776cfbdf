"""LAMMPS's pair styles such as ``lj/cut``, which need commands only and no parameter file."""

from __future__ import annotations

import itertools

from hpcfit.export.format import Format, pair_styles
from hpcfit.export.source import ExportSource, number
from hpcfit.export.written import Written, lines_of
from hpcfit.records import PairStyle


def write(source: ExportSource) -> Written:
    """Return the commands as a file that LAMMPS includes."""
    style = source.form.record.lammps
    if not isinstance(style, PairStyle):
        allowed = ", ".join(known.format for known in pair_styles())
        raise ValueError(f"potential has no pair style, found '{source.form.name}', allowed {allowed}")
    pairs = list(itertools.combinations_with_replacement(range(len(source.species)), 2))
    largest = max(source.value("cutoff", *pair) for pair in pairs)
    coefficients = []
    for i, j in pairs:
        # LAMMPS would mix the coefficients of pairs that are not listed, or fail.
        absent = () if source.potential.bonds.seen(i, j) else style.strengths
        values = " ".join(
            number(0.0 if name in absent else source.value(name, i, j)) for name in style.columns
        )
        coefficients.append((f"{i + 1} {j + 1}", f"{values} # {source.species[i]} {source.species[j]}"))
    full, comments = f"{style.style} {number(largest)}", [f"# {comment}" for comment in source.comments]
    text = "\n".join([*comments, *lines_of(full, tuple(coefficients)), ""])
    return Written(text, source.file, full, tuple(coefficients), is_script=True)


RECORDS = tuple(Format(style.format, write) for style in pair_styles())
