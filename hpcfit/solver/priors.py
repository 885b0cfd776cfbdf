"""Gaussian priors on the parameters, as further rows of any least-squares problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcfit.records import FloatArray, Parameter
from hpcfit.solver.problem import Linearisation, Problem
from hpcfit.solver.triangular import with_rows

#: Maps the variables x [n] to parameters p [n], one each, with first and second derivatives [n].
Curves = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]


@dataclass(frozen=True)
class Priors:
    """Rows (p - mean)/sigma of the parameters p of the solver's variables.

    Parameters
    ----------
    mean
        [n].
    sigma
        [n], above 0, infinite without a prior.
    curves
        The parameters and their derivatives.
    """

    mean: FloatArray
    sigma: FloatArray
    curves: Curves

    def rows(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the rows, and their first and second derivatives by the variable of each, [n]; 0 without a prior."""
        value, slope, curvature = self.curves(x)
        weight = 1.0 / self.sigma
        # An overflow has no weight, or is detected as not finite.
        with np.errstate(all="ignore"):
            residual = np.where(weight > 0.0, weight * (value - self.mean), 0.0)
            return residual, weight * slope, weight * curvature


class WithPriors:
    """A problem with priors; satisfies `Problem` as the one inside does."""

    def __init__(self, problem: Problem, priors: Priors) -> None:
        self._problem = problem
        self._priors = priors

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n]."""
        residual = self._priors.rows(x)[0]
        return self._problem.cost(x) + float(residual @ residual)

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the linearisation at `x` [n], the diagonal block of the priors combined with R."""
        at = self._problem.linearise(x)
        residual, slope, self._curvature = self._priors.rows(x)
        self._slope = slope
        chosen = np.isfinite(self._priors.sigma)
        if not (np.isfinite(at.triangle).all() and np.isfinite(slope).all()):
            return replace(at, triangle=np.full_like(at.triangle, np.nan))
        return with_rows(at, np.diag(slope)[chosen], residual[chosen])

    def rows(self, x: FloatArray) -> FloatArray:
        """Return the rows of the priors at `x` [n] and below them their derivatives, [1 + n, n_priors]."""
        residual, slope, _ = self._priors.rows(x)
        return np.concatenate([residual[None], np.diag(slope)])[:, np.isfinite(self._priors.sigma)]

    @property
    def has_gradient(self) -> bool:
        """Whether that of the problem inside needs no linearisation."""
        return self._problem.has_gradient

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the sum of squared residuals and J^T r [n] at `x` [n]."""
        if not self.has_gradient:
            at = self.linearise(x)
            return at.cost, at.gradient
        cost, gradient = self._problem.gradient(x)
        residual, slope, _ = self._priors.rows(x)
        with np.errstate(all="ignore"):
            return cost + float(residual @ residual), gradient + slope * residual

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n] along `v` at the point of the last linearisation; that of the priors is exact."""
        return self._problem.second_derivative(v, h) + self._slope * self._curvature * v**2


def with_priors(problem: Problem, parameters: Sequence[Parameter], curves: Curves) -> Problem:
    """Return the problem with the priors of its free parameters, or itself without priors."""
    if not any(p.has_prior for p in parameters):
        return problem
    mean, sigma = [p.prior_mean for p in parameters], [p.prior_sigma for p in parameters]
    return WithPriors(problem, Priors(np.array(mean), np.array(sigma), curves))
