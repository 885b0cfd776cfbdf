"""One first-order step inside bounds, and the second-order one on the same factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.secular import Solution, System

#: Picks a solution of a system, given the length |D v| already used.
Choice = Callable[[System, float], Solution]


@dataclass(frozen=True)
class Bounds:
    """A box: `lower` and `upper` are [n], infinite without a bound."""

    lower: FloatArray
    upper: FloatArray

    def clip(self, x: FloatArray) -> FloatArray:
        """Return the point of the box nearest to `x`."""
        return np.clip(x, self.lower, self.upper)

    def movable(self, x: FloatArray, gradient: FloatArray) -> NDArray[np.bool_]:
        """Return which components may move downhill: all but those at a bound whose descent points outside."""
        blocked = ((x <= self.lower) & (gradient > 0)) | ((x >= self.upper) & (gradient < 0))
        return np.asarray(~blocked & (self.lower < self.upper))


@dataclass(frozen=True)
class Step:
    """A first-order step.

    Parameters
    ----------
    v
        [n], zero for components that cannot move.
    free
        bool [n], components that are not at a bound after the step.
    length
        |D v|.
    solution
        The solution for the components in `free`.
    """

    v: FloatArray
    free: NDArray[np.bool_]
    length: float
    solution: Solution


class QuadraticModel:
    """The linear model |R v + q|^2 of the cost around one point of the box.

    Parameters
    ----------
    at
        R and q.
    scale
        [n], the diagonal of D.
    x
        [n], the point.
    bounds
        The box.
    """

    def __init__(self, at: Linearisation, scale: FloatArray, x: FloatArray, bounds: Bounds) -> None:
        self.scale = scale
        self.x = x
        self._at, self._bounds = at, bounds
        self.gradient = at.gradient
        #: bool [n]: components that no bound blocks and that have an effect
        self.movable = bounds.movable(x, self.gradient) & (at.column_norms > 0.0)

    @cached_property
    def system(self) -> System:
        """The linear problem of the components that may move."""
        return self._restricted(self.movable, self._at.projection)

    def _restricted(self, free: NDArray[np.bool_], target: FloatArray) -> System:
        if not free.all():
            return System.of_columns(self._at.triangle[:, free] / self.scale[free], target)
        n = len(target)
        augmented = np.zeros((n + 1, n + 1), order="F")
        augmented[:n, :n] = self._at.triangle / self.scale
        augmented[:n, n] = target
        return System(augmented)

    def step(self, choice: Choice) -> Step:
        """Return the first-order step; components that would leave the box are fixed at their bounds in turn."""
        v, free, system = np.zeros_like(self.x), self.movable, self.system
        while True:
            fixed = self.scale * np.where(free, 0.0, v)
            used = float(np.sqrt(fixed @ fixed))
            solution = choice(system, used)
            v[free] = solution.w / self.scale[free]
            hit = self._first_hit(v, free)
            if hit is None:
                return Step(v, free, float(np.hypot(used, solution.length)), solution)
            v[hit] = (self._bounds.upper[hit] if v[hit] > 0 else self._bounds.lower[hit]) - self.x[hit]
            free = free.copy()
            free[hit] = False
            target = self._at.projection + self._at.triangle @ np.where(free, 0.0, v)
            system = self._restricted(free, target)

    def _first_hit(self, v: FloatArray, free: NDArray[np.bool_]) -> int | None:
        """Return the free component that reaches its bound first on the way to x + v, None if all stay inside."""
        room = np.where(v > 0, self._bounds.upper - self.x, self.x - self._bounds.lower)
        leaving = free & (np.abs(v) > room)
        if not leaving.any():
            return None
        fraction = np.full_like(v, np.inf)
        fraction[leaving] = room[leaving] / np.abs(v[leaving])
        return int(np.argmin(fraction))

    def second_order(self, step: Step, second_gradient: FloatArray) -> FloatArray:
        """Return half the acceleration, [n]: a solves (J^T J + lambda D^T D) a = -J^T r'' on the free components.

        Transtrum and Sethna, arXiv:1201.5885, eq. 14; `second_gradient` [n] is J^T r''.
        """
        half = np.zeros_like(self.x)
        scale = self.scale[step.free]
        half[step.free] = 0.5 * step.solution.second_order(second_gradient[step.free] / scale) / scale
        return half

    def drop(self, v: FloatArray) -> float:
        """Return the predicted decrease of the cost for `v` [n]."""
        change = self._at.triangle @ v
        return -float(change @ (2.0 * self._at.projection + change))
