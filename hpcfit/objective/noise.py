"""Rounding errors of predictions, below which residuals and their derivatives carry no information."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray

#: Rounding error of a prediction, relative to 1 eV, eV/Angstrom, ...: a sum of some hundred terms of about 1 eV, times
#: the slopes of exponentials and powers.
_ROUNDING = 1e-11

#: Error of a prediction, eV/Angstrom, for an error of one Angstrom of all positions: stiffness of a bond times slopes.
_STIFFNESS = 100.0


def rounding_error(position: FloatArray) -> float:
    """Return the rounding error of predictions for positions [n, 3], whose last bit grows with their size."""
    farthest = float(np.abs(position).max(initial=0.0))
    return _ROUNDING + _STIFFNESS * float(np.finfo(float).eps) * farthest
