"""One damped step inside bounds: the first-order step, and the second-order one on the same factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation


@dataclass(frozen=True)
class Bounds:
    """A box: `lower` and `upper` are [n], infinite where there is no bound."""

    lower: FloatArray
    upper: FloatArray

    def clip(self, x: FloatArray) -> FloatArray:
        """Return the point of the box nearest to `x`."""
        return np.clip(x, self.lower, self.upper)

    def movable(self, x: FloatArray, gradient: FloatArray) -> np.ndarray:
        """Return which components may move downhill: all but those at a bound that the descent pushes against."""
        blocked = ((x <= self.lower) & (gradient > 0)) | ((x >= self.upper) & (gradient < 0))
        return np.asarray(~blocked & (self.lower < self.upper))


@dataclass(frozen=True)
class DampedStep:
    """The minimiser v of |R v + q|^2 + lambda |D v|^2 in the box, found by fixing what hits a bound and re-solving.

    Parameters
    ----------
    v
        [n], zero for components that cannot move.
    free
        bool [n], components that are not at a bound after the step.
    factor
        Upper triangular factor of [R; sqrt(lambda) D] restricted to `free`.
    """

    v: FloatArray
    free: np.ndarray
    factor: FloatArray

    def second_order(self, second_gradient: FloatArray) -> FloatArray:
        """Return half the acceleration, [n]: a solves (J^T J + lambda D^T D) a = -J^T r'' on the free components.

        Transtrum and Sethna, arXiv:1201.5885, eq. 14; semi-normal equations with the factor at hand.
        """
        half = np.zeros_like(self.v)
        if self.free.any():
            inner = solve_triangular(self.factor, -second_gradient[self.free], trans="T")
            half[self.free] = 0.5 * solve_triangular(self.factor, inner)
        return half


def damped_step(
    at: Linearisation, scale: FloatArray, damping: float, x: FloatArray, bounds: Bounds, movable: np.ndarray
) -> DampedStep:
    """Return the first-order step from `x`.

    Parameters
    ----------
    at
        R and q at `x`.
    scale
        [n], the diagonal of D.
    damping
        lambda.
    x
        [n], inside the box.
    bounds
        The box.
    movable
        bool [n], components that may move at all.
    """
    v, free = np.zeros_like(x), movable.copy()
    while True:
        target = -(at.projection + at.triangle @ np.where(free, 0.0, v))
        factor, v[free] = _solve(at.triangle[:, free], target, np.sqrt(damping) * scale[free])
        hit = _first_hit(x, v, free, bounds)
        if hit is None:
            return DampedStep(v=v, free=free, factor=factor)
        v[hit] = (bounds.upper[hit] if v[hit] > 0 else bounds.lower[hit]) - x[hit]
        free[hit] = False


def _solve(matrix: FloatArray, target: FloatArray, diagonal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least squares [matrix; diag] v = [target; 0] by QR."""
    stacked = np.vstack([matrix, np.diag(diagonal)])
    orthogonal, factor = np.linalg.qr(stacked)
    right = orthogonal[: len(target)].T @ target
    return factor, solve_triangular(factor, right) if len(diagonal) else right


def _first_hit(x: FloatArray, v: FloatArray, free: np.ndarray, bounds: Bounds) -> int | None:
    """Return the free component that reaches its bound first on the way from x to x + v, if any leaves the box."""
    room = np.where(v > 0, bounds.upper - x, x - bounds.lower)
    leaving = free & (np.abs(v) > room)
    if not leaving.any():
        return None
    fraction = np.full_like(v, np.inf)
    fraction[leaving] = room[leaving] / np.abs(v[leaving])
    return int(np.argmin(fraction))
