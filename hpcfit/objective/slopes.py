"""Derivatives of a user's residual function by predictions, found by calling it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcfit.records import FloatArray, IntArray

_EPSILON = float(np.finfo(float).eps)

#: Rounding error of a few operations, relative to the largest number in them.
_ROUNDING = 64 * _EPSILON

#: Largest change, eV or eV/Angstrom, along a nonlinear column: the fourth-order error of five-point differences is as
#: small as their rounding error.
_SMALL_STEP = 1e-3


@dataclass(frozen=True)
class Slopes:
    """A function that is affine in each prediction, as far as its calls show.

    Parameters
    ----------
    base, value
        [n_rows], a prediction and the function's result.
    slope
        [n_rows]; NaN where it is not affine.
    """

    base: FloatArray
    value: FloatArray
    slope: FloatArray

    def disagreeing(self, prediction: FloatArray, values: FloatArray, start: IntArray) -> list[int]:
        """Return the configurations with results that differ from the slopes; `start` is their first row."""
        expected = prediction - self.base
        expected *= self.slope
        expected += self.value
        expected -= values
        largest = np.abs(prediction)
        largest += np.abs(self.base)
        largest *= np.abs(self.slope)
        largest += np.abs(self.value)
        largest *= _ROUNDING
        agrees = np.abs(expected) <= largest
        if agrees.all():
            return []
        bad = np.flatnonzero(~agrees)
        return [int(k) for k in np.unique(np.searchsorted(start, bad, side="right") - 1)]


def find_slopes(function: Callable[[FloatArray], FloatArray], base: FloatArray) -> Slopes:
    """Return the slopes of a function of all rows, from calls at and around `base` [n_rows].

    Steps differ between rows to detect a function that mixes rows.
    """
    random = np.random.default_rng(0)
    scale = 1.0 + np.abs(base)
    with np.errstate(all="ignore"):
        move = scale * random.uniform(0.5, 1.0, len(base)) * random.choice([-1.0, 1.0], len(base))
        up, down, other = base + move, base - move, base + scale * random.uniform(-1.0, 1.0, len(base))
        value, above, below = function(base), function(up), function(down)
        slope = (above - below) / (up - down)
        largest = np.abs(value) + np.abs(slope) * (np.abs(base) + 2.0 * scale)
        bent = np.abs(value + slope * (other - base) - function(other)) > _ROUNDING * largest
        bent |= np.abs(value + slope * (up - base) - above) > _ROUNDING * largest
    return Slopes(base, value, np.where(bent, np.nan, slope))


def along(
    function: Callable[[FloatArray], FloatArray], at: FloatArray, value: FloatArray, column: FloatArray
) -> FloatArray:
    """Return the derivative of a function along a direction.

    Parameters
    ----------
    function
        Function of one configuration's predictions.
    at, value
        [n], point and function value.
    column
        [n], the direction.

    Returns
    -------
    FloatArray
        [n]. From large steps where the function is linear, which leaves only rounding errors, else by five points
        (Abramowitz and Stegun, eq. 25.3.6).
    """
    largest = float(np.max(np.abs(column), initial=0.0))
    if largest == 0.0:
        return np.zeros(len(value))
    step = (1.0 + float(np.max(np.abs(at)))) / largest
    above, below = function(at + step * column), function(at - step * column)
    half = function(at + 0.5 * step * column)
    size = np.maximum(np.maximum(np.abs(above), np.abs(below)), _EPSILON * (step * largest))
    straight = np.maximum(np.abs(above + below - 2.0 * value), np.abs(above + value - 2.0 * half))
    if (straight <= _ROUNDING * size).all():
        return (above - below) / (2.0 * step)
    step = _SMALL_STEP / largest
    near = function(at + step * column) - function(at - step * column)
    far = function(at + 2.0 * step * column) - function(at - 2.0 * step * column)
    return (8.0 * near - far) / (12.0 * step)
