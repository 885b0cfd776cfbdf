"""LAMMPS' ``edip``, of several species ``edip/multi``."""

from __future__ import annotations

from hpcfit.output.export.columns import write_columns
from hpcfit.output.export.source import Source, Written

_COLUMNS = (
    *("A", "B", "cutoffA", "cutoffC", "alpha", "beta", "eta", "gamma", "lambda", "mu", "rho", "sigma"),
    *("Q0", "u1", "u2", "u3", "u4"),
)


def write(source: Source) -> Written:
    """Return the file."""
    style = "edip" if len(source.species) == 1 else "edip/multi"
    return write_columns(source, style, _COLUMNS, _entry)


def _entry(source: Source, i: int, j: int, k: int) -> list[float]:
    return [source.value(name, i, j, k) for name in _COLUMNS]
