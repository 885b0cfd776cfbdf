"""Detection of a stalled fit, and its restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcfit.records import SolverState, State
from hpcfit.solver.problem import Linearisation

#: The actual decrease over `patience` steps must be at least this fraction of the decrease predicted at their start.
_LEAST_SHARE = 0.5

#: A parameter has evaporated if its column has fallen to this fraction of its largest norm ...
_FADED = 1e-6

#: ... while its value grew by this factor from the start.
_GROWN = 1e3


def with_progress_mark(state: State, patience: int) -> State:
    """Return the state with the cost to reach: set at the first point, and anew after `patience` steps.

    The undamped linear model predicts a decrease of cost cos^2, with the cosine of the gradient angle.
    """
    if _is_open(state, patience) or is_behind(state, patience):
        return state
    due = state.cost * (1.0 - _LEAST_SHARE * min(state.angle, 1.0) ** 2)
    solver = replace(state.solver, mark_iteration=state.iteration, mark_cost=due)
    return replace(state, solver=solver)


def is_behind(state: State, patience: int) -> bool:
    """Return whether `patience` steps have passed without the required decrease."""
    solver = state.solver
    return solver.mark_iteration >= 0 and not _is_open(state, patience) and state.cost > solver.mark_cost


def _is_open(state: State, patience: int) -> bool:
    mark = state.solver.mark_iteration
    return 0 <= mark <= state.iteration < mark + patience


def has_evaporated(state: State, at: Linearisation) -> bool:
    """Return whether a parameter ran away to values where the residual no longer depends on it."""
    start = state.solver.start_x
    size = np.where(start != 0.0, np.abs(start), 1.0)
    grown = np.abs(state.x) > _GROWN * size
    return bool((grown & (at.column_norms < _FADED * state.solver.scale)).any())


def back_to_start(state: State) -> State:
    """Return the state at the fit's start; only counts, best point and the reason of the restart remain."""
    x, cost = state.solver.start_x, state.solver.start_cost
    solver = SolverState(np.zeros_like(x), x, cost, mark_cost=state.solver.mark_cost)
    restarted = state.outcome.removeprefix("stopped: ")
    return replace(state, x=x, cost=cost, solver=solver, restarted=restarted, outcome="")
