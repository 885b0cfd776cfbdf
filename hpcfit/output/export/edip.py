"""LAMMPS' ``edip/multi``."""

from __future__ import annotations

from dataclasses import replace

from hpcfit.lammps import EDIP
from hpcfit.output.export.columns import write_columns
from hpcfit.output.export.source import Source, Written


def write(source: Source) -> Written:
    """Return the file."""
    written = write_columns(source, "edip/multi", EDIP, _entry)
    if len(source.species) > 1:
        return written
    return replace(written, notes=("pair_style edip reads the file too, and interpolates in tables",))


def _entry(source: Source, i: int, j: int, k: int) -> list[float]:
    return [source.value(name, i, j, k) for name in EDIP]
