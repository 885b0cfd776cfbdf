"""Whether a fit gets anywhere, and the way back to its start where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcfit.records import SolverState, State
from hpcfit.solver.problem import Linearisation

#: Over so many steps the cost must fall by this fraction of what the linear model promised where they began.
_LEAST_SHARE = 0.5

#: A parameter has evaporated when its column has fallen to this fraction of its largest norm ...
_FADED = 1e-6

#: ... while it grew to so many times what it was at the start.
_GROWN = 1e3


def with_account(state: State, patience: int) -> State:
    """Return the state with an account of progress: at a fit's first point, and anew when `patience` steps are done.

    The linear model without damping promises a drop of cost cos^2, cos being the gradient angle's.
    """
    if _is_open(state, patience) or is_behind(state, patience):
        return state
    due = state.cost * (1.0 - _LEAST_SHARE * min(state.angle, 1.0) ** 2)
    solver = replace(state.solver, mark_iteration=state.iteration, mark_cost=due)
    return replace(state, solver=solver)


def is_behind(state: State, patience: int) -> bool:
    """Return whether the `patience` steps of an account are done without what they were to bring."""
    solver = state.solver
    return solver.mark_iteration >= 0 and not _is_open(state, patience) and state.cost > solver.mark_cost


def _is_open(state: State, patience: int) -> bool:
    mark = state.solver.mark_iteration
    return 0 <= mark <= state.iteration < mark + patience


def has_evaporated(state: State, at: Linearisation) -> bool:
    """Return whether a parameter ran away to where the residual does not depend on it any more."""
    start = state.solver.start_x
    size = np.where(start != 0.0, np.abs(start), 1.0)
    grown = np.abs(state.x) > _GROWN * size
    return bool((grown & (at.column_norms < _FADED * state.solver.scale)).any())


def back_at_start(state: State) -> State:
    """Return the state at the fit's start, with all but counts, best point and history of the outcome forgotten."""
    x, cost = state.solver.start_x, state.solver.start_cost
    solver = SolverState(np.zeros_like(x), x, cost, mark_cost=state.solver.mark_cost)
    restarted = state.outcome.removeprefix("stopped: ")
    return replace(state, x=x, cost=cost, solver=solver, restarted=restarted, outcome="")
