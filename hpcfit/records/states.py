"""The solver between two iterations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hpcfit.records.arrays import FloatArray


@dataclass(frozen=True)
class SolverState:
    """What Levenberg-Marquardt needs to go on, beside the point; other minimisers leave it as it is.

    Parameters
    ----------
    scale
        [n_free] running maximum of the Jacobian's column norms.
    start_x, start_cost
        Where the fit started, to which a restart goes back.
    damping
        lambda of the last step, or of the next one where the rule of damping is one for lambda.
    radius
        Largest |D v| of the next step, NaN where lambda is ruled.
    memory
        How often steps succeeded of late, 0 to 1: Umrigar and Nightingale's damping.
    direction
        [n_free] D v of the last accepted step; empty before the first.
    small_gains
        Accepted steps in a row that gained less than the cost tolerance.
    mark_iteration, mark_cost
        Where the running account of progress began, -1 before the first, and the cost that it must reach in time.
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
    """A fit after an iteration: what is reported of it, and what the solver needs to go on.

    Parameters
    ----------
    iteration
        Accepted steps so far.
    x
        [n_free] parameters.
    cost
        Sum of squared residuals at `x`.
    solver
        What only the solver reads.
    best_x, best_cost
        The best point seen.
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
        Empty while running; afterwards the name of the rule that ended the fit.
    condition
        Smallest over largest singular value, about, of the scaled system that gave the accepted step.
    restarted
        What made the fit start again, as in ``no progress``; empty while it has not.
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
