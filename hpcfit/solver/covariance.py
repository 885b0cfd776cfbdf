"""Uncertainty of a fit from the triangular factor at its end."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation


def covariance(at: Linearisation, cost: float, n_residuals: int) -> tuple[FloatArray, FloatArray]:
    """Return the parameters' covariance and the singular values that it rests on.

    Parameters
    ----------
    at
        The linearisation at the end of the fit, n parameters.
    cost
        Sum of squared residuals there.
    n_residuals
        Number of residuals; with n or fewer the variance of the residuals cannot be estimated.

    Returns
    -------
    covariance : FloatArray
        [n, n], cost / (n_residuals - n) (R^T R)^-1, the usual estimate of linear least squares; all NaN where R is
        singular to working precision, the fit ended where numbers are not finite, or there are too few residuals.
    singular_values : FloatArray
        [n], of R with columns scaled to norm 1, largest first: how well the data determine the parameters' directions;
        NaN where numbers are not finite.
    """
    n = len(at.projection)
    if not (np.isfinite(cost) and np.isfinite(at.triangle).all()):
        return np.full((n, n), np.nan), np.full(n, np.nan)
    norms = at.column_norms
    equilibrated = at.triangle / np.where(norms > 0, norms, 1.0)
    singular = np.asarray(np.linalg.svd(equilibrated, compute_uv=False), dtype=np.float64)
    if n_residuals <= n or singular[-1] <= n * np.finfo(float).eps * singular[0]:
        return np.full((n, n), np.nan), singular
    inverse: FloatArray = solve_triangular(equilibrated, np.eye(n)) / norms[:, None]
    scaled: FloatArray = cost / (n_residuals - n) * (inverse @ inverse.T)
    return scaled, singular


def propagated(matrix: FloatArray, jacobian: FloatArray) -> FloatArray:
    """Return the covariance of quantities that follow from the parameters, to first order (the delta method).

    Parameters
    ----------
    matrix
        [n, n], the parameters' covariance; NaN where undetermined.
    jacobian
        [m, n], derivatives of the quantities by the parameters.

    Returns
    -------
    FloatArray
        [m, m]; NaN where it rests on what is undetermined.
    """
    unknown = np.isnan(matrix)
    rests_on = (jacobian != 0.0).astype(np.float64)
    lost = rests_on @ unknown @ rests_on.T > 0
    return np.where(lost, np.nan, jacobian @ np.where(unknown, 0.0, matrix) @ jacobian.T)
