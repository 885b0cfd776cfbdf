"""Robust losses: large residuals count less than their squares.

With u a row divided by the loss's scale, chi^2 contains rho(u^2) instead of u^2. The row becomes
s = sign(u) sqrt(rho(u^2)): a residual whose square is rho, smooth at 0, with first and second derivatives.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from hpcfit.catalogue import records
from hpcfit.records import FloatArray, RobustLoss, RobustLossForm


@cache
def robust_losses() -> tuple[RobustLossForm, ...]:
    """Return the records of all robust losses."""
    return records("hpcfit.objective.robust_losses", RobustLossForm)


def _form(loss: RobustLoss) -> RobustLossForm:
    return next(form for form in robust_losses() if form.name == loss.name)


def sum_of_squares(rows: FloatArray) -> float:
    """Return the sum of squares of `rows` [n_rows], summed pairwise: gains near a minimum are a few ulp."""
    return float(np.sum(rows * rows))


def gradient_of(rows: FloatArray) -> FloatArray:
    """Return the sum of squares and J^T r, [1 + n], of rows [1 + n, n_rows] of [r J^T]."""
    return np.append(sum_of_squares(rows[0]), rows[1:] @ rows[0])


def apply(loss: RobustLoss, columns: FloatArray, weight: FloatArray) -> None:
    """Replace rows and their derivatives by those of a loss, in place.

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
    value, slope = _form(loss).row(columns[0] / unit)
    columns[0] = unit * value
    columns[1:] *= slope


def add_loss_curvature(
    loss: RobustLoss, rows: FloatArray, weight: FloatArray, first: FloatArray, second: FloatArray
) -> None:
    """Replace second derivatives of rows along a direction by those of a loss, in place.

    Parameters
    ----------
    loss, weight
        As of `apply`.
    rows
        [n_rows], rows of the loss.
    first
        [n_rows], their first derivatives along the direction.
    second
        [n_rows], second derivatives of the rows before `apply`.
    """
    unit = loss.scale * np.where(weight > 0.0, weight, 1.0)
    slope, curvature = _form(loss).curvature(rows / unit)
    second *= slope
    second += curvature * (first / slope) ** 2 / unit
