"""What a case of the scoreboard is, and the counters that every solver runs against.

Each solver sees the same three functions: residual, Jacobian and probe (a residual at a point that is not a trial).
The counters look at every trial point: a case is solved when its goal is met at one of them, so that no solver gains
or loses by its own stopping rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Residual = Callable[[Any], Any]

#: Of a complex step; its square vanishes beside any residual.
_STEP = 1e-100

#: Digits in the worst parameter that count as solved where parameters are certified.
DIGITS = 6.0

#: Evaluations per Jacobian allowed, so that no solver goes on for ever without one.
_EVALUATIONS_PER_JACOBIAN = 20


@dataclass(frozen=True)
class Case:
    """One fit: the residual (real or complex numbers in, the same out), its start, and when it is solved.

    Parameters
    ----------
    name
        For the list of failures.
    residual
        From x [P] to r [N].
    start
        [P], inside the box.
    goal
        Sum of squares to reach; where `certified` is given, that decides instead.
    certified
        [P] parameters to reach to six digits, or None.
    upper
        [P] upper bounds, or None where there are none.
    n_jacobians
        Most Jacobians.
    derivative
        From x [P] to J [N, P]; by default by complex steps.
    ends
        Whether the fit ends where it is solved; otherwise it goes on until the solver itself is content.
    """

    name: str
    residual: Residual
    start: Array
    goal: float = -np.inf
    certified: Array | None = None
    upper: Array | None = None
    n_jacobians: int = 500
    derivative: Callable[[Array], Array] | None = None
    ends: bool = False

    def is_reached(self, x: Array, cost: float) -> bool:
        """Return whether the trial point `x` with sum of squares `cost` solves the case."""
        if self.certified is None:
            return bool(cost <= self.goal)
        return digits(x, self.certified) >= DIGITS


def digits(x: Array, certified: Array) -> float:
    """Return the number of correct digits in the worst parameter: -log10 of the largest relative error."""
    error = float(np.max(np.abs(x - certified) / np.abs(certified)))
    return float(-np.log10(max(error, 1e-16))) if np.isfinite(error) else -np.inf


def jacobian(residual: Residual, x: Array) -> Array:
    """Return the Jacobian [N, P] at `x` by complex steps, exact to rounding as nothing is subtracted."""
    columns = []
    for j in range(len(x)):
        shifted = x.astype(complex)
        shifted[j] += 1j * _STEP
        columns.append(np.imag(residual(shifted)) / _STEP)
    return np.ascontiguousarray(np.array(columns).T)


class ExhaustedError(Exception):
    """The solver asks for more than the case allows, or the case ends where it is solved."""


class OutsideError(Exception):
    """The solver asks for a point outside the box."""


class Counters:
    """A case with its evaluations counted.

    `jacobians` and `evaluations` are those until the goal was met: with the Jacobian at that point, which a solver asks
    for before it can know.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.n_jacobians = 0
        self.n_evaluations = 0
        self.jacobians: int | None = None
        self.evaluations: int | None = None
        self.lowest = np.inf

    def residual(self, x: Array) -> Array:
        """Return r [N] at a trial point."""
        r = self.probe(x)
        with np.errstate(all="ignore"):
            cost = float(r @ r)
        self.lowest = min(self.lowest, cost) if np.isfinite(cost) else self.lowest
        if self.jacobians is None and np.isfinite(cost) and self.case.is_reached(x, cost):
            self.jacobians, self.evaluations = self.n_jacobians + 1, self.n_evaluations
            if self.case.ends:
                raise ExhaustedError
        return r

    def probe(self, x: Array) -> Array:
        """Return r [N] at a point that serves a difference."""
        if self.n_evaluations >= _EVALUATIONS_PER_JACOBIAN * self.case.n_jacobians:
            raise ExhaustedError
        if self.case.upper is not None and np.any(x > self.case.upper):
            raise OutsideError(f"point {x} above {self.case.upper}")
        self.n_evaluations += 1
        with np.errstate(all="ignore"):
            return np.asarray(self.case.residual(np.asarray(x, dtype=np.float64)), dtype=np.float64)

    def jacobian(self, x: Array) -> Array:
        """Return J [N, P] at an accepted point."""
        if self.n_jacobians >= self.case.n_jacobians:
            raise ExhaustedError
        self.n_jacobians += 1
        point = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.case.derivative is not None:
                return self.case.derivative(point)
            return jacobian(self.case.residual, point)
