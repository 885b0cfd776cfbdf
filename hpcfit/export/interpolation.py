"""Errors of LAMMPS's interpolation of tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpcfit.records import FloatArray


def finite(values: FloatArray) -> tuple[FloatArray, int]:
    """Return values with non-finite ones replaced by the nearest finite one, and their number.

    This concerns the first points of a table, at the singularity of a function.
    """
    good = np.flatnonzero(np.isfinite(values))
    if len(good) == 0:
        return np.zeros_like(values), len(values)
    places = np.arange(len(values))
    after = good[np.clip(np.searchsorted(good, places), 0, len(good) - 1)]
    before = good[np.clip(np.searchsorted(good, places, side="right") - 1, 0, len(good) - 1)]
    nearest = np.where(places - before <= after - places, before, after)
    nearest = np.where(before > places, after, nearest)
    return values[nearest], len(values) - len(good)


def midpoints(values: FloatArray) -> FloatArray:
    """Return LAMMPS's interpolation of an EAM table [n] half-way between its points, [n - 1].

    It is a cubic in each interval, with slopes at the points from differences over five of them.
    """
    slope = _slopes(values)
    return np.asarray((values[:-1] + values[1:]) / 2.0 + (slope[:-1] - slope[1:]) / 8.0)


def slopes_at(values: FloatArray, part: float) -> FloatArray:
    """Return the slopes of the same interpolation, per step, at a part of each interval, [n - 1]."""
    slope, rise = _slopes(values), values[1:] - values[:-1]
    curved, twisted = 3.0 * rise - 2.0 * slope[:-1] - slope[1:], slope[:-1] + slope[1:] - 2.0 * rise
    return np.asarray(slope[:-1] + part * (2.0 * curved + 3.0 * part * twisted))


def _slopes(values: FloatArray) -> FloatArray:
    """Return LAMMPS's slopes at the points of a table, per step."""
    slope = np.empty_like(values)
    slope[2:-2] = (values[:-4] - values[4:] + 8.0 * (values[3:-1] - values[1:-3])) / 12.0
    slope[1], slope[-2] = (values[2] - values[0]) / 2.0, (values[-1] - values[-3]) / 2.0
    slope[0], slope[-1] = values[1] - values[0], values[-1] - values[-2]
    return slope


#: Errors of interpolation from which on a table is wrong, relative where a value exceeds 1.
_WRONG = 1e-8

#: Good intervals that end the bad begin of a table; shorter ones lie between zeros of the error.
_GOOD = 10


def begin_of_range(x: FloatArray, error: FloatArray, exact: FloatArray) -> float:
    """Return where a table gets right: the first of its points that many good intervals follow.

    Later intervals that hold a kink of the function or its step at a cut-off do not count: they are few, and the
    largest error and the step tell of them.

    Parameters
    ----------
    x
        [n], the points.
    error, exact
        [n - 1], the error and the value of the function half-way between them.
    """
    with np.errstate(invalid="ignore"):
        good = error <= _WRONG * np.maximum(1.0, np.abs(exact))
    n_good = min(_GOOD, len(good))
    runs = np.convolve(good, np.ones(n_good), "valid") > n_good - 0.5
    return float(x[runs.argmax()]) if runs.any() else float(x[-1])


def pair_table_errors(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]], inner: float, outer: float, n: int
) -> tuple[float, float]:
    """Return the largest errors of energy and force of LAMMPS's ``pair_style table spline``.

    LAMMPS fits splines to the file's points, equidistant in r, evaluates them at points equidistant in r^2, and fits
    splines to these.

    Parameters
    ----------
    function
        Value and slope of the pair energy.
    inner, outer
        First and last point, Angstrom.
    n
        Number of points of the file and of LAMMPS's own table.
    """
    # SciPy's interpolation takes half a second to import.
    from scipy.interpolate import CubicSpline

    r = np.linspace(inner, outer, n)
    energy, slope = function(r)
    of_r = CubicSpline(r, energy, bc_type=((1, slope[0]), (1, slope[-1])))
    secants = np.diff(slope)[[0, -1]] / (r[1] - r[0])
    slope_of_r = CubicSpline(r, slope, bc_type=((1, secants[0]), (1, secants[1])))
    square = np.linspace(inner**2, outer**2, n)
    read = np.sqrt(square)
    ends = slope[[0, -1]] / (2.0 * read[[0, -1]])
    of_square = CubicSpline(square, of_r(read), bc_type=((1, ends[0]), (1, ends[1])))
    slope_of_square = CubicSpline(square, slope_of_r(read) / read)
    middle = (square[1:] + square[:-1]) / 2.0
    exact, exact_slope = function(np.sqrt(middle))
    errors = of_square(middle) - exact, slope_of_square(middle) * np.sqrt(middle) - exact_slope
    return float(np.abs(errors[0]).max()), float(np.abs(errors[1]).max())
