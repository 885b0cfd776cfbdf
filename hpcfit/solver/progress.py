"""Whether a fit gets anywhere, and the way back to its start where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcfit.records import State
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
    return replace(state, mark_iteration=state.iteration, mark_cost=due)


def is_behind(state: State, patience: int) -> bool:
    """Return whether the `patience` steps of an account are done without what they were to bring."""
    return state.mark_iteration >= 0 and not _is_open(state, patience) and state.cost > state.mark_cost


def _is_open(state: State, patience: int) -> bool:
    return 0 <= state.mark_iteration <= state.iteration < state.mark_iteration + patience


def has_evaporated(state: State, at: Linearisation) -> bool:
    """Return whether a parameter ran away to where the residual does not depend on it any more."""
    size = np.where(state.start_x != 0.0, np.abs(state.start_x), 1.0)
    grown = np.abs(state.x) > _GROWN * size
    return bool((grown & (at.column_norms < _FADED * state.scale)).any())


def back_at_start(state: State) -> State:
    """Return the state at the fit's start, with all but counts, best point and history of the outcome forgotten."""
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
