"""Cubic splines in the layout of the kernels: values and slopes at the knots, linear in the parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.program import Program
from hpcfit.records import GIVEN_SLOPES, FloatArray, Function

#: Largest number of bins of the table from arguments to intervals.
_MOST_BINS = 1 << 20


#: The contribution of one parameter falls to a quarter from knot to knot; entries of a table this far below the row's
#: largest are omitted, so that tables grow linearly with the number of knots.
_NEGLIGIBLE = 2.0**-110

#: Rows of a table that are computed at a time.
_ROWS = 256


@dataclass(frozen=True)
class Band:
    """A table over knots without negligible entries, row by row.

    Parameters
    ----------
    start
        int64 [n_rows + 1], first entry of each row.
    knot
        int64 [n_rows], knot of that entry; the others of a row follow at consecutive knots.
    entries
        [start[-1]].
    """

    start: NDArray[np.int64]
    knot: NDArray[np.int64]
    entries: FloatArray

    def dense(self, n_knots: int) -> FloatArray:
        """Return the whole table [n_rows, n_knots]."""
        table = np.zeros((len(self.knot), n_knots))
        for row, (knot, low, high) in enumerate(zip(self.knot, self.start, self.start[1:], strict=False)):
            table[row, knot : knot + high - low] = self.entries[low:high]
        return table


@dataclass(frozen=True)
class Spline:
    """A piecewise cubic function that is linear in its parameters.

    Parameters
    ----------
    knots
        [n_knots], ascending.
    values, slopes
        n_parameters + 1 rows: the contribution of one unit of each parameter at the knots, then the constant part.
    bins
        [n_bins], number of the interval in which each bin begins; bins of equal width from the first knot on.
    bins_per_unit
        Bins per unit of the argument.
    n_parameters
        Number of parameters.
    n_outputs
        Number of outputs without derivatives by parameters: value, slope and optionally second derivative.
    first_parameter
        Index of its first parameter among those of its function.
    """

    knots: FloatArray
    values: Band
    slopes: Band
    bins: FloatArray
    bins_per_unit: float
    n_parameters: int
    n_outputs: int
    first_parameter: int = 0


@dataclass(frozen=True)
class SplineProgram:
    """A function of splines: a program with values, slopes and second derivatives of the splines as inputs."""

    program: Program
    splines: tuple[Spline, ...]

    @property
    def n_parameters(self) -> int:
        """Number of parameters, including those of the splines."""
        return self.program.n_parameters

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the program."""
        return self.program.n_outputs


#: A function of one variable in the layout of the kernels.
CompiledFunction: TypeAlias = Program | Spline | SplineProgram


def compile_spline(function: Function, second: bool, first_parameter: int = 0) -> Spline:
    """Return a ``spline`` or ``tabulated`` function, whose parameters begin at an index of its function's.

    Raises
    ------
    ValueError
        If knots do not ascend, or numbers of knots, parameters and values are inconsistent.
    """
    knots = np.array(function.knots)
    if len(knots) < 2 or not (np.diff(knots) > 0).all():
        raise ValueError(
            f"knots of '{function.id}' do not ascend, found {list(function.knots)}, allowed two or more"
        )
    values, slopes = _tabulated(function, knots) if function.form == "tabulated" else _fitted(function, knots)
    bins, bins_per_unit = _bins(function, knots)
    return Spline(
        knots=knots,
        values=values,
        slopes=slopes,
        bins=bins,
        bins_per_unit=bins_per_unit,
        n_parameters=len(values.knot) - 1,
        n_outputs=2 + int(second),
        first_parameter=first_parameter,
    )


def _band(tables: Iterable[FloatArray]) -> Band:
    """Return the rows of some tables [n, n_knots], one after the other."""
    knots, lengths, entries = [], [], []
    for table in tables:
        kept = np.abs(table) > _NEGLIGIBLE * np.abs(table).max(axis=1, keepdims=True)
        for row, own in zip(table, kept, strict=True):
            places = np.flatnonzero(own)
            first, end = (places[0], places[-1] + 1) if len(places) else (0, 0)
            knots.append(first)
            lengths.append(end - first)
            entries.append(row[first:end])
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Band(start, np.array(knots, dtype=np.int64), np.concatenate(entries))


def _fitted(function: Function, knots: FloatArray) -> tuple[Band, Band]:
    """Return the tables of a spline whose parameters are values and, if clamped, the slopes at the ends."""
    n, n_parameters = len(knots), len(function.parameters)
    if n_parameters not in (n, n + 2):
        raise ValueError(
            f"parameters of '{function.id}' do not fit its knots, found {n_parameters}, allowed {n} or {n + 2}"
        )
    pieces = [range(k, min(k + _ROWS, n_parameters + 1)) for k in range(0, n_parameters + 1, _ROWS)]
    values = _band(_units(piece, n) for piece in pieces)
    return values, _band(_slopes(knots, piece, n_parameters > n) for piece in pieces)


def _units(rows: range, n_knots: int) -> FloatArray:
    """Return the values [n_rows, n_knots] at the knots for one unit of each of some parameters."""
    return np.eye(len(rows), n_knots, rows.start)


def _slopes(knots: FloatArray, rows: range, is_clamped: bool) -> FloatArray:
    from scipy.interpolate import CubicSpline

    values, n = _units(rows, len(knots)), len(knots)
    if not is_clamped:
        return CubicSpline(knots, values.T, bc_type="natural")(knots, 1).T.copy()
    left, right = (np.array([row == place for row in rows], dtype=np.float64) for place in (n, n + 1))
    return CubicSpline(knots, values.T, bc_type=((1, left), (1, right)))(knots, 1).T.copy()


def _tabulated(function: Function, knots: FloatArray) -> tuple[Band, Band]:
    from scipy.interpolate import CubicSpline

    if len(function.values) != len(knots) or function.parameters:
        raise ValueError(
            f"values of '{function.id}' do not fit its knots, found {len(function.values)}, allowed {len(knots)}"
        )
    values = np.array([function.values])
    if function.ends == GIVEN_SLOPES:
        if len(function.slopes) != len(knots):
            found = len(function.slopes)
            raise ValueError(
                f"slopes of '{function.id}' do not fit its knots, found {found}, allowed {len(knots)}"
            )
        return _band([values]), _band([np.array([function.slopes])])
    if function.ends == "clamped":
        left, right = np.array(function.slopes)
        spline = CubicSpline(knots, values[0], bc_type=((1, left), (1, right)))
    else:
        spline = CubicSpline(knots, values[0], bc_type="natural" if function.ends else "not-a-knot")
    return _band([values]), _band([spline(knots, 1)[None]])


def _bins(function: Function, knots: FloatArray) -> tuple[FloatArray, float]:
    span, narrowest = knots[-1] - knots[0], np.diff(knots).min()
    if span / narrowest > _MOST_BINS / 3:
        raise ValueError(
            f"knots of '{function.id}' are too close, found a distance of {narrowest:g} in a range of {span:g}"
        )
    n_bins = int(np.ceil(2.0 * span / narrowest)) + 1
    starts = knots[0] + span * np.arange(n_bins) / n_bins
    intervals = np.searchsorted(knots, starts, side="right") - 1
    return np.clip(intervals, 0, len(knots) - 2).astype(np.float64), float(n_bins / span)
