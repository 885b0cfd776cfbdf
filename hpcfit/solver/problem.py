"""The least-squares problem of a solver, evaluated by ranks or by plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpcfit.records import FloatArray


@dataclass(frozen=True)
class Linearisation:
    """The residual r and its Jacobian J at one point, reduced to the data for a step.

    Parameters
    ----------
    triangle
        [n, n] upper triangular R with J = Q R.
    projection
        [n], Q^T r.
    rest
        Norm of the part of r outside the range of J: |r|^2 = |projection|^2 + rest^2.
    noise
        Norm of the rounding errors of r; 0 where it is not known.
    """

    triangle: FloatArray
    projection: FloatArray
    rest: float = 0.0
    noise: float = 0.0

    @property
    def cost(self) -> float:
        """Sum of squared residuals, |r|^2."""
        return float(self.projection @ self.projection + self.rest**2)

    @property
    def gradient(self) -> FloatArray:
        """J^T r, [n]."""
        return np.asarray(self.triangle.T @ self.projection)

    @property
    def column_norms(self) -> FloatArray:
        """Norms of the columns of J, [n]; infinite where their squares overflow."""
        with np.errstate(over="ignore"):
            return np.asarray(np.sqrt(np.sum(self.triangle**2, axis=0)))


class Problem(Protocol):
    """Minimise the sum of squares of r(x); results hold NaN or infinity where r is not finite."""

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n]."""

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the linearisation at `x` [n], and keep it for `second_derivative`."""

    @property
    def has_gradient(self) -> bool:
        """Whether `gradient` needs no linearisation, and costs a few residuals."""

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the sum of squared residuals and J^T r [n] at `x` [n]; those of `linearise` without `has_gradient`."""

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n] at the point of the last linearisation.

        r'' is the second directional derivative along `v` [n], exact if the problem knows it, else from one more
        residual at x + h v: r'' = (2/h) [(r(x + h v) - r(x)) / h - J v] (Transtrum and Sethna, arXiv:1201.5885, eq.
        19).
        """
