"""The solver between two iterations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hpcfit.records.arrays import FloatArray


@dataclass(frozen=True)
class SolverState:
    """The data with which Levenberg-Marquardt continues, beside the point; other minimisers do not change it.

    Parameters
    ----------
    scale
        [n_free] running maximum of the Jacobian's column norms.
    start_x, start_cost
        Start of the fit, to which a restart returns.
    damping
        lambda of the last step, or of the next one if the rule of damping sets lambda.
    radius
        Largest |D v| of the next step; NaN if the rule sets lambda.
    memory
        Recent rate of success, 0 to 1, of Umrigar and Nightingale's damping.
    direction
        [n_free] D v of the last accepted step; empty before the first.
    small_gains
        Consecutive accepted steps that gained less than the cost tolerance.
    mark_iteration, mark_cost
        Start of the current period of `patience` steps, -1 before the first, and the cost to reach in it.
    """

    scale: FloatArray
    start_x: FloatArray = field(default_factory=lambda: np.zeros(0))
    start_cost: float = np.nan
    damping: float = np.nan
    radius: float = np.nan
    memory: float = 0.5
    direction: FloatArray = field(default_factory=lambda: np.zeros(0))
    small_gains: int = 0
    mark_iteration: int = -1
    mark_cost: float = np.nan


@dataclass(frozen=True)
class State:
    """A fit after an iteration: the data to report and to continue.

    Parameters
    ----------
    iteration
        Accepted steps so far.
    x
        [n_free] parameters.
    cost
        Sum of squared residuals at `x`.
    solver
        The data that only the solver reads.
    best_x, best_cost
        The best point.
    gradient
        Largest component of the scaled gradient J^T r, at the start of the step.
    angle
        Cosine between residual and tangent plane, at the start of the step.
    step
        |D v| of the accepted step.
    acceleration
        2|second-order step|/|first-order step| of the accepted step.
    n_linearisations, n_costs, n_second_derivatives
        Evaluations so far, by kind.
    outcome
        The rule that ended the fit; empty while running.
    condition
        Estimated ratio of smallest to largest singular value of the scaled system of the accepted step.
    restarted
        The reason of the restart, as ``no progress``; empty without a restart.
    """

    iteration: int
    x: FloatArray
    cost: float
    solver: SolverState
    best_x: FloatArray = field(default_factory=lambda: np.zeros(0))
    best_cost: float = np.nan
    gradient: float = np.nan
    angle: float = np.nan
    step: float = np.nan
    acceleration: float = np.nan
    n_linearisations: int = 0
    n_costs: int = 0
    n_second_derivatives: int = 0
    outcome: str = ""
    condition: float = np.nan
    restarted: str = ""
