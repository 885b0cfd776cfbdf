"""Levenberg-Marquardt with geodesic acceleration and delayed gratification.

M. K. Transtrum and J. P. Sethna, arXiv:1201.5885 (2012). A trial point is x + v + a/2, v the damped Gauss-Newton step
and a the acceleration from the second directional derivative along v. Damping falls by much after a step that lowers
the cost and rises by little after one that does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hpcfit.records import FloatArray, GeodesicOptions, State
from hpcfit.solver.problem import Linearisation, Problem
from hpcfit.solver.step import Bounds, damped_step

CONVERGED_ANGLE = "converged: gradient angle"
CONVERGED_STEP = "converged: step"
CONVERGED_COST = "converged: cost"
STOPPED_ITERATIONS = "stopped: iteration limit"
STOPPED_EVALUATIONS = "stopped: evaluation limit"
STOPPED_NOT_FINITE = "stopped: not finite"

#: Steps in a row with a gain below the cost tolerance before the fit counts as converged.
_SMALL_GAINS = 3

#: Damping below this does nothing, and must not be so small that raising it again takes forever.
_LEAST_DAMPING = float(np.finfo(float).eps ** 2)

#: D keeps at least this fraction of its largest component, so that a column that is zero is damped all the same.
_SCALE_FLOOR = 1e-6

#: Directions with a smaller singular value of the column-equilibrated R do not count for the gradient angle: they
#: are evaporated parameters, along which the residual cannot be changed any more (section 2.7 of the source).
_RANK_CUT = float(np.sqrt(np.finfo(float).eps))


def start(x: FloatArray, problem: Problem) -> State:
    """Return the state before the first iteration at `x` [n]."""
    return State(
        iteration=0, x=x.copy(), cost=problem.cost(x), damping=np.nan, scale=np.zeros_like(x), n_costs=1
    )


def iterate(problem: Problem, state: State, bounds: Bounds, options: GeodesicOptions) -> Iterator[State]:
    """Yield the state after every accepted step, and last the state that carries the outcome.

    Parameters
    ----------
    problem
        The least-squares problem.
    state
        From `start`, or any state that was yielded before: the sequence goes on with the same bits. After a state
        with an outcome nothing follows.
    bounds
        The box; every point asked for lies inside.
    options
        Tolerances, limits and damping.
    """
    if state.outcome:
        return
    if np.isnan(state.damping):
        state = replace(state, damping=options.damping)
    if not np.isfinite(state.cost):
        yield replace(state, outcome=STOPPED_NOT_FINITE)
        return
    while True:
        at = problem.linearise(state.x)
        state = replace(state, n_linearisations=state.n_linearisations + 1)
        if not (np.isfinite(at.triangle).all() and np.isfinite(at.projection).all()):
            yield replace(state, outcome=STOPPED_NOT_FINITE)
            return
        state = _look(state, at, bounds)
        outcome = _outcome_here(state, options)
        if not outcome:
            state = _advance(problem, state, at, bounds, options)
            outcome = state.outcome
        if outcome:
            yield replace(state, outcome=outcome)
            return
        yield state


def _look(state: State, at: Linearisation, bounds: Bounds) -> State:
    """Update D and what is known of the gradient."""
    scale = np.maximum(state.scale, at.column_norms)
    largest = float(scale.max(initial=0.0))
    scale = np.maximum(scale, _SCALE_FLOOR * largest if largest > 0 else 1.0)
    movable = bounds.movable(state.x, at.gradient)
    steepest = np.abs(at.gradient / scale)[movable].max(initial=0.0)
    return replace(state, scale=scale, gradient=float(steepest), angle=_angle(at, movable, state.cost))


def _angle(at: Linearisation, movable: np.ndarray, cost: float) -> float:
    """Cosine between the residual and the tangent plane of the movable components."""
    norms = at.column_norms
    columns = at.triangle[:, movable & (norms > 0)] / norms[movable & (norms > 0)]
    if columns.shape[1] == 0 or cost == 0.0:
        return 0.0
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    kept = left[:, singular > _RANK_CUT * singular[0]]
    return float(np.linalg.norm(kept.T @ at.projection) / np.sqrt(cost))


def _outcome_here(state: State, options: GeodesicOptions) -> str:
    if state.cost == 0.0 or state.small_gains >= _SMALL_GAINS:
        return CONVERGED_COST
    if state.angle <= options.angle_tolerance:
        return CONVERGED_ANGLE
    return STOPPED_ITERATIONS if state.iteration >= options.max_iter else ""


@dataclass(frozen=True)
class _Trial:
    point: FloatArray
    step: float
    acceleration: float
    usable: bool  #: whether the acceleration test was passed


def _trial(
    problem: Problem, state: State, at: Linearisation, bounds: Bounds, options: GeodesicOptions
) -> tuple[_Trial, int]:
    """Return a trial point, and the number of second derivatives it took."""
    movable = bounds.movable(state.x, at.gradient)
    first = damped_step(at, state.scale, state.damping, state.x, bounds, movable)
    length = float(np.linalg.norm(state.scale * first.v))
    if length == 0.0:
        return _Trial(state.x, 0.0, 0.0, usable=True), 0
    second_gradient = problem.second_derivative(first.v, options.h)
    if not np.isfinite(second_gradient).all():
        return _Trial(state.x, length, np.inf, usable=False), 1
    half = first.second_order(second_gradient)
    ratio = 2.0 * float(np.linalg.norm(state.scale * half)) / length
    point = bounds.clip(state.x + first.v + half)
    return _Trial(point, length, ratio, usable=bool(ratio <= options.alpha)), 1


def _advance(
    problem: Problem, state: State, at: Linearisation, bounds: Bounds, options: GeodesicOptions
) -> State:
    """Raise the damping until a trial point lowers the cost, or a rule ends the fit."""
    while True:
        if state.n_linearisations + state.n_costs + state.n_seconds >= options.max_evaluations:
            return replace(state, outcome=STOPPED_EVALUATIONS)
        trial, n_seconds = _trial(problem, state, at, bounds, options)
        state = replace(state, n_seconds=state.n_seconds + n_seconds)
        smallest = options.step_tolerance * _size(state, options)
        if trial.usable:
            cost = problem.cost(trial.point)
            state = replace(state, n_costs=state.n_costs + 1)
            if cost < state.cost:
                state = _accept(state, trial, cost, options)
                return replace(state, outcome=CONVERGED_STEP if trial.step <= smallest else "")
        if trial.step <= smallest:
            return replace(state, outcome=CONVERGED_STEP)
        state = replace(state, damping=state.damping * options.damping_up)


def _size(state: State, options: GeodesicOptions) -> float:
    """Return what a step is compared with: |D x|, and a trace of |r| so that a fit ends at parameters of 0 too."""
    length = float(np.linalg.norm(state.scale * state.x))
    return length + options.step_tolerance * float(np.sqrt(state.cost))


def _accept(state: State, trial: _Trial, cost: float, options: GeodesicOptions) -> State:
    small = state.cost - cost <= options.cost_tolerance * state.cost
    return replace(
        state,
        iteration=state.iteration + 1,
        x=trial.point,
        cost=cost,
        damping=max(state.damping / options.damping_down, _LEAST_DAMPING),
        step=trial.step,
        acceleration=trial.acceleration,
        small_gains=state.small_gains + 1 if small else 0,
    )
