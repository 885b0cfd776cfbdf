"""Central differences of exact first-order quantities: six points, error of the sixth order in the step."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray

OFFSETS = (-3, -2, -1, 1, 2, 3)
_FIRST = (-1 / 60, 9 / 60, -45 / 60, 45 / 60, -9 / 60, 1 / 60)
_SECOND = (2 / 180, -27 / 180, 270 / 180, 270 / 180, -27 / 180, 2 / 180)
_CENTRE = -490 / 180

#: Steps at which truncation and rounding are alike, about 1e-12: potentials decay over some
#: 0.2 Angstrom, or 5 % strain.
STRAIN = 1e-3
LENGTH = 2e-3


def first(values: FloatArray, step: float) -> FloatArray:
    """Return the derivative from values [6, ...] at `OFFSETS` times `step`."""
    return np.asarray(sum(w * v for w, v in zip(_FIRST, values, strict=True))) / step


def second(values: FloatArray, centre: FloatArray, step: float) -> FloatArray:
    """Return the second derivative from values [6, ...] at `OFFSETS` times `step`, and that between them."""
    total = sum(w * v for w, v in zip(_SECOND, values, strict=True)) + _CENTRE * centre
    return np.asarray(total) / step**2
