"""Cubic splines as the kernels take them: values and slopes at the knots, linear in the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hpcfit.potential.program import Program
from hpcfit.records import FloatArray, Function

#: Most bins of the table that leads from an argument to its interval.
_MOST_BINS = 1 << 20


@dataclass(frozen=True)
class Spline:
    """A piecewise cubic function that is linear in its parameters.

    Parameters
    ----------
    knots
        [n_knots], ascending.
    values, slopes
        [n_parameters + 1, n_knots], what one unit of each parameter adds at the knots, and last what is there
        without any.
    bins
        [n_bins], number of the interval in which each bin begins; bins of equal width from the first knot on.
    bins_per_unit
        Bins per unit of the argument.
    n_parameters
        Number of parameters.
    n_outputs
        Number of outputs without derivatives by parameters: value, slope and, where wanted, second derivative.
    first_parameter
        Place of its first parameter among those of its function.
    """

    knots: FloatArray
    values: FloatArray
    slopes: FloatArray
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
        """Number of parameters, those of the splines included."""
        return self.program.n_parameters

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the program."""
        return self.program.n_outputs


#: A function of one variable as the kernels take it.
CompiledFunction: TypeAlias = Program | Spline | SplineProgram


def compile_spline(function: Function, second: bool, first_parameter: int = 0) -> Spline:
    """Return a ``spline`` or ``tabulated`` function whose parameters begin at a place among its function's.

    Raises
    ------
    ValueError
        If knots do not ascend, or numbers of knots, parameters and values do not fit each other.
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
        n_parameters=len(values) - 1,
        n_outputs=2 + int(second),
        first_parameter=first_parameter,
    )


def _fitted(function: Function, knots: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the tables of a spline whose parameters are values and, where it is clamped, the slopes at the ends."""
    from scipy.interpolate import CubicSpline

    n, n_parameters = len(knots), len(function.parameters)
    if n_parameters not in (n, n + 2):
        raise ValueError(
            f"parameters of '{function.id}' do not fit its knots, found {n_parameters}, allowed {n} or {n + 2}"
        )
    values = np.eye(n_parameters + 1, n)
    ends = np.zeros((2, n_parameters + 1))
    if n_parameters == n:
        return values, CubicSpline(knots, values.T, bc_type="natural")(knots, 1).T.copy()
    values[n:] = 0.0
    ends[[0, 1], [n, n + 1]] = 1.0
    clamped = CubicSpline(knots, values.T, bc_type=((1, ends[0]), (1, ends[1])))
    return values, clamped(knots, 1).T.copy()


def _tabulated(function: Function, knots: FloatArray) -> tuple[FloatArray, FloatArray]:
    from scipy.interpolate import CubicSpline

    if len(function.values) != len(knots) or function.parameters:
        raise ValueError(
            f"values of '{function.id}' do not fit its knots, found {len(function.values)}, allowed {len(knots)}"
        )
    values = np.array([function.values])
    if function.ends == "clamped":
        left, right = np.array(function.slopes)
        spline = CubicSpline(knots, values[0], bc_type=((1, left), (1, right)))
    else:
        spline = CubicSpline(knots, values[0], bc_type="natural" if function.ends else "not-a-knot")
    return values, spline(knots, 1)[None]


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
