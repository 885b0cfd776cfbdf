"""Robust losses: a row far from its target counts less than its square.

With u a row in units of the loss's scale, chi^2 takes rho(u^2) in place of u^2. The row becomes
s = sign(u) sqrt(rho(u^2)), whose square is what is summed: a true residual, smooth at 0, of which everything else,
second derivatives too, is asked as of any other.
"""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray, RobustLoss


def sum_of_squares(rows: FloatArray) -> float:
    """Return the sum of squares of `rows` [n_rows], added up pairwise: gains close to a minimum are a few ulp of it."""
    return float(np.sum(rows * rows))


def gradient_of(rows: FloatArray) -> FloatArray:
    """Return the sum of squares and J^T r, [1 + n], of rows [1 + n, n_rows] of [r J^T]."""
    return np.append(sum_of_squares(rows[0]), rows[1:] @ rows[0])


def apply(loss: RobustLoss, columns: FloatArray, weight: FloatArray) -> None:
    """Turn rows and their derivatives into those of a loss, in place.

    Parameters
    ----------
    loss
        The loss; its scale is in tolerances.
    columns
        [1 or 1 + n, n_rows], rows sqrt(W) (p - t)/delta first.
    weight
        [n_rows], sqrt(W); 0 where the row is not fitted.
    """
    unit = loss.scale * np.where(weight > 0.0, weight, 1.0)
    value, slope = _CURVES[loss.name](columns[0] / unit)
    columns[0] = unit * value
    columns[1:] *= slope


def bend(
    loss: RobustLoss, rows: FloatArray, weight: FloatArray, first: FloatArray, second: FloatArray
) -> None:
    """Turn second derivatives of rows along a direction into those of a loss, in place.

    Parameters
    ----------
    loss, weight
        As of `apply`.
    rows
        [n_rows], rows of the loss.
    first
        [n_rows], their first derivatives along the direction.
    second
        [n_rows], second derivatives of what `apply` was given.
    """
    unit = loss.scale * np.where(weight > 0.0, weight, 1.0)
    slope, curvature = _BENDS[loss.name](rows / unit)
    second *= slope
    second += curvature * (first / slope) ** 2 / unit


def _soft_l1(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s(u) and ds/du for rho(z) = 2 (sqrt(1 + z) - 1), in a form that loses no digits at small u."""
    root = np.hypot(1.0, u)
    return u * np.sqrt(2.0 / (root + 1.0)), np.sqrt(0.5 * (root + 1.0)) / root


def _cauchy(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s(u) and ds/du for rho(z) = log(1 + z)."""
    z = u**2
    share = np.sqrt(np.divide(np.log1p(z), z, where=z > 0.0, out=np.ones_like(z)))
    return u * share, 1.0 / ((1.0 + z) * share)


def _soft_l1_bend(s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ds/du and d2s/du2 for the value s of `_soft_l1`."""
    root = 1.0 + 0.5 * s**2
    return np.sqrt(0.5 * (root + 1.0)) / root, -0.25 * s * (root + 2.0) / root**3


def _cauchy_bend(s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ds/du and d2s/du2 for the value s of `_cauchy`."""
    z = np.expm1(s**2)
    share = np.sqrt(np.divide(s**2, z, where=z > 0.0, out=np.ones_like(z)))
    slope = 1.0 / ((1.0 + z) * share)
    # From (s^2)'' = 2 (1 - z)/(1 + z)^2, which cancels at small s: there the series, to 1e-12 of it.
    small = z < 1e-3
    curvature = s * np.polyval(_CAUCHY_SERIES, s**2)
    np.divide((1.0 - z) / (1.0 + z) ** 2 - slope**2, s, where=~small, out=curvature)
    return slope, curvature


#: d2s/du2 of Cauchy's s, divided by s, in powers of s^2 from the fourth down.
_CAUCHY_SERIES = (-7 / 16, 31 / 30, -15 / 8, 7 / 3, -3 / 2)

#: By the names that a job may give.
_CURVES = {"soft-l1": _soft_l1, "cauchy": _cauchy}
_BENDS = {"soft-l1": _soft_l1_bend, "cauchy": _cauchy_bend}
