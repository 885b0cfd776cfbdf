"""Robust losses: a row far from its target counts less than its square.

With u a row in units of the loss's scale, chi^2 takes rho(u^2) in place of u^2. The row becomes
s = sign(u) sqrt(rho(u^2)), whose square is what is summed: a true residual, smooth at 0, of which everything else,
second derivatives too, is asked as of any other.
"""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray, RobustLoss


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


def _soft_l1(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s(u) and ds/du for rho(z) = 2 (sqrt(1 + z) - 1), in a form that loses no digits at small u."""
    root = np.hypot(1.0, u)
    return u * np.sqrt(2.0 / (root + 1.0)), np.sqrt(0.5 * (root + 1.0)) / root


def _cauchy(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s(u) and ds/du for rho(z) = log(1 + z)."""
    z = u**2
    share = np.sqrt(np.divide(np.log1p(z), z, where=z > 0.0, out=np.ones_like(z)))
    return u * share, 1.0 / ((1.0 + z) * share)


#: By the names that a job may give.
_CURVES = {"soft-l1": _soft_l1, "cauchy": _cauchy}
