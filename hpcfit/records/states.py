"""The solver between two iterations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcfit.records.arrays import FloatArray


@dataclass(frozen=True)
class State:
    """The solver after an iteration: all it needs to go on, and all that is reported of it.

    Parameters
    ----------
    iteration
        Accepted steps so far.
    x
        [n_free] parameters.
    cost
        Sum of squared residuals at `x`.
    damping
        lambda of the next step.
    scale
        [n_free] diagonal of D: running maximum of the Jacobian's column norms.
    gradient
        Largest component of the scaled gradient J^T r, at the start of the step.
    angle
        Cosine between residual and tangent plane, at the start of the step.
    step
        |D v| of the accepted step.
    acceleration
        2|second-order step|/|first-order step| of the accepted step.
    n_linearisations, n_costs, n_seconds
        Evaluations so far, by kind.
    small_gains
        Accepted steps in a row that gained less than the cost tolerance.
    outcome
        Empty while running; afterwards the name of the rule that ended the fit.
    """

    iteration: int
    x: FloatArray
    cost: float
    damping: float
    scale: FloatArray
    gradient: float = np.nan
    angle: float = np.nan
    step: float = np.nan
    acceleration: float = np.nan
    n_linearisations: int = 0
    n_costs: int = 0
    n_seconds: int = 0
    small_gains: int = 0
    outcome: str = ""
