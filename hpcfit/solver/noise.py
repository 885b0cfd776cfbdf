"""The noise floor of a least-squares problem: what lies below the rounding errors of its residuals is no information.

A parameter whose change by its own size changes the residuals by less than their rounding errors has no effect, and a
direction of all parameters of which this is true is undetermined. Without the floor the signs of rounding errors would
decide such directions: forces that symmetry makes zero are zero, or 1e-13, by where in space the same cell stands.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import lapack, qr

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation, Problem

#: An estimate of the smallest singular value is trusted to this factor times the number of columns.
_MARGIN = 10.0


class WithNoiseFloor:
    """A problem whose linearisations hold nothing below the noise; satisfies `Problem` as the one inside does.

    Parameters
    ----------
    problem
        The problem.
    noise
        Norm of the rounding errors of its residuals.
    start
        [n], where a fit starts: parameters that come close to 0 keep a fraction of this size.
    """

    def __init__(self, problem: Problem, noise: float, start: FloatArray) -> None:
        self._problem, self._noise, self._start = problem, noise, start

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n]."""
        return self._problem.cost(x)

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the linearisation at `x` [n] without what lies below the noise."""
        size = np.maximum(np.abs(x), np.abs(self._start))
        return above_noise(self._problem.linearise(x), np.where(size > 0.0, size, 1.0), self._noise)

    @property
    def has_gradient(self) -> bool:
        """Whether that of the problem inside needs no linearisation."""
        return self._problem.has_gradient

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the sum of squared residuals and J^T r [n] at `x` [n]."""
        return self._problem.gradient(x)

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n] along `v` at the point of the last linearisation."""
        return self._problem.second_derivative(v, h)


def above_noise(at: Linearisation, size: FloatArray, noise: float) -> Linearisation:
    """Return a linearisation without parameters and directions whose effect is below the noise.

    Parameters
    ----------
    at
        The linearisation; it keeps its bits where all directions are above the noise.
    size
        [n], above 0: the change of each parameter whose effect counts.
    noise
        Norm of the rounding errors of the residuals.
    """
    with np.errstate(all="ignore"):
        effect = at.triangle * size
        norms = np.sqrt((effect**2).sum(axis=0))
    if noise == 0.0 or len(norms) == 0 or not np.isfinite(norms).all():
        return at
    seen = norms > noise
    at = replace(at, noise=noise)
    if seen.all() and _least_singular(effect) > noise:
        return at
    # Pivoting by columns reveals the rank at a fraction of the cost of singular values.
    across, along, order = qr(np.where(seen, effect, 0.0), pivoting=True)
    rank = int(np.count_nonzero(np.abs(np.diagonal(along)) > noise))
    if rank == np.count_nonzero(seen):
        # Only whole columns go, which changes no other number.
        return at if seen.all() else replace(at, triangle=np.where(seen, at.triangle, 0.0))
    rows = np.empty((rank, len(norms)))
    rows[:, order] = along[:rank]
    target = across[:, :rank].T @ at.projection
    lost = at.projection - across[:, :rank] @ target
    # A trapezoid, so that the diagonal below its rank is exactly zero.
    reduced = qr(np.column_stack([rows / size, target]), mode="r")[0]
    reduced *= np.where(np.diagonal(reduced) < 0.0, -1.0, 1.0)[:, None]
    triangle, projection = np.zeros_like(at.triangle), np.zeros_like(at.projection)
    triangle[:rank], projection[:rank] = reduced[:, :-1], reduced[:, -1]
    return Linearisation(triangle, projection, float(np.sqrt(at.rest**2 + lost @ lost)), noise)


def _least_singular(triangle: FloatArray) -> float:
    """Return an estimate of the smallest singular value that is not above it."""
    norms = np.sqrt((triangle**2).sum(axis=0))
    reciprocal = float(lapack.dtrcon(triangle / norms)[0])
    return reciprocal * float(norms.min()) / (_MARGIN * len(norms))
