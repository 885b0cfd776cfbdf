"""Detection of a stalled fit, and its restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcfit.records import State
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
    return replace(state, mark_iteration=state.iteration, mark_cost=due)


def is_behind(state: State, patience: int) -> bool:
    """Return whether `patience` steps have passed without the required decrease."""
    return state.mark_iteration >= 0 and not _is_open(state, patience) and state.cost > state.mark_cost


def _is_open(state: State, patience: int) -> bool:
    return 0 <= state.mark_iteration <= state.iteration < state.mark_iteration + patience


def has_evaporated(state: State, at: Linearisation) -> bool:
    """Return whether a parameter ran away to values where the residual no longer depends on it."""
    size = np.where(state.start_x != 0.0, np.abs(state.start_x), 1.0)
    grown = np.abs(state.x) > _GROWN * size
    return bool((grown & (at.column_norms < _FADED * state.scale)).any())


def back_to_start(state: State) -> State:
    """Return the state at the fit's start; only counts, best point and the reason of the restart remain."""
    return replace(
        state,
        x=state.start_x,
        cost=state.start_cost,
        damping=np.nan,
        scale=np.zeros_like(state.x),
        radius=np.nan,
        memory=0.5,
        direction=np.zeros(0),
        small_gains=0,
        mark_iteration=-1,
        restarted=state.outcome.removeprefix("stopped: "),
        outcome="",
    )
