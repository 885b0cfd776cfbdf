"""LAMMPS' ``sw``: phi2 = A epsilon [B (sigma/r)^p - (sigma/r)^q] exp(sigma/(r - a sigma)), phi3 likewise."""

from __future__ import annotations

from hpcfit.lammps import SW
from hpcfit.output.export.columns import refuse_negative, write_columns
from hpcfit.output.export.source import Source, Written


def write(source: Source) -> Written:
    """Return the file: epsilon is 1, since A and lambda are energies; a = cutoff/sigma, gamma in units of sigma."""
    refuse_negative(source, ("A", "B", "p", "q", "lambda"))
    return write_columns(source, "sw", SW, _entry)


def _entry(source: Source, i: int, j: int, k: int) -> list[float]:
    sigma, sees = source.value("sigma", i, j), source.potential.bonds.seen
    return [
        1.0,
        sigma,
        source.value("cutoff", i, j) / sigma,
        source.value("lambda", i, j, k) if sees(i, j, k) else 0.0,
        source.value("gamma", i, j) / sigma,
        source.value("costheta0", i, j, k),
        source.value("A", i, j) if sees(i, j) else 0.0,
        *(source.value(name, i, j) for name in ("B", "p", "q")),
        0.0,  # tol: the cut-off is not shortened
    ]
