"""Uncertainty of a fit from the triangular factor at its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation

#: A parameter is part of an undetermined direction from this component on; smaller ones are rounding.
_PART = 1e-4


def spectrum(at: Linearisation) -> tuple[FloatArray, FloatArray]:
    """Return the singular values and directions of J with columns scaled to norm 1.

    Parameters
    ----------
    at
        The linearisation at the end of the fit, n parameters.

    Returns
    -------
    singular_values : FloatArray
        [n], largest first; NaN if R is not finite.
    directions : FloatArray
        [n, n], a row of length 1 for each; components count in units of the columns' norms.
    """
    n = len(at.projection)
    norms = at.column_norms
    if not np.isfinite(norms).all():
        return np.full(n, np.nan), np.full((n, n), np.nan)
    _, singular, directions = np.linalg.svd(at.triangle / np.where(norms > 0.0, norms, 1.0))
    return np.asarray(singular, dtype=np.float64), np.asarray(directions, dtype=np.float64)


def covariance(
    at: Linearisation, cost: float, n_residuals: int, at_bound: NDArray[np.bool_] | None = None
) -> FloatArray:
    """Return the parameters' covariance [n, n], cost / (n_residuals - n_determined) (R^T R)^-1.

    This is the estimate of linear least squares for the parameters that are not at a bound and that the data determine
    to working precision; NaN for the others, and for all if R is not finite, if there are too few residuals, or if the
    residuals are rounding errors, which say nothing about the variance.

    Parameters
    ----------
    at
        The linearisation at the end of the fit, n parameters.
    cost
        Sum of squared residuals there.
    n_residuals
        Number of residuals; it must exceed the number of determined directions to estimate the variance.
    at_bound
        bool [n], parameters at a bound, which cannot move; none by default.
    """
    n = len(at.projection)
    matrix = np.full((n, n), np.nan)
    free = np.ones(n, dtype=bool) if at_bound is None else ~at_bound
    if not (np.isfinite(cost) and np.isfinite(at.triangle).all() and free.any()):
        return matrix
    norms = np.where(at.column_norms > 0.0, at.column_norms, 1.0)[free]
    _, singular, directions = np.linalg.svd(at.triangle[:, free] / norms)
    rank = int(np.count_nonzero(singular > n * np.finfo(float).eps * singular[0]))
    if n_residuals <= rank or cost <= at.noise**2:
        return matrix
    determined = np.linalg.norm(directions[rank:], axis=0) < _PART
    places = np.flatnonzero(free)[determined]
    inverse = (directions[:rank, determined] / singular[:rank, None]).T / norms[determined, None]
    matrix[np.ix_(places, places)] = cost / (n_residuals - rank) * (inverse @ inverse.T)
    return matrix


def propagated(matrix: FloatArray, jacobian: FloatArray) -> FloatArray:
    """Return the covariance of functions of the parameters, to first order (the delta method).

    Parameters
    ----------
    matrix
        [n, n], the parameters' covariance; NaN where undetermined.
    jacobian
        [m, n], derivatives of the quantities by the parameters.

    Returns
    -------
    FloatArray
        [m, m]; NaN where it depends on undetermined parameters.
    """
    unknown = np.isnan(matrix)
    rests_on = (jacobian != 0.0).astype(np.float64)
    lost = rests_on @ unknown @ rests_on.T > 0
    return np.where(lost, np.nan, jacobian @ np.where(unknown, 0.0, matrix) @ jacobian.T)
