"""Central differences of exact first-order quantities: four points, fourth-order error."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray

OFFSETS = (-2, -1, 1, 2)
_FIRST = (1 / 12, -8 / 12, 8 / 12, -1 / 12)
_SECOND = (-1 / 12, 16 / 12, 16 / 12, -1 / 12)
_CENTRE = -30 / 12

#: Steps at which the truncation error is about 1e-10 of the result, and rounding less: potentials decay over some 0.2
#: Angstrom, or 7 % strain. Longer stencils allow wider steps, but potentials are not smooth where neighbours cross a
#: cut-off.
STRAIN = 5e-4
LENGTH = 1e-3


def first(values: FloatArray, step: float) -> FloatArray:
    """Return the derivative from values [4, ...] at `OFFSETS` times `step`."""
    return np.asarray(sum(w * v for w, v in zip(_FIRST, values, strict=True))) / step


def second(values: FloatArray, centre: FloatArray, step: float) -> FloatArray:
    """Return the second derivative from values [4, ...] at `OFFSETS` times `step`, and the value at the centre."""
    total = sum(w * v for w, v in zip(_SECOND, values, strict=True)) + _CENTRE * centre
    return np.asarray(total) / step**2
