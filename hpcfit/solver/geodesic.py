"""Levenberg-Marquardt with geodesic acceleration.

M. K. Transtrum and J. P. Sethna, arXiv:1201.5885 (2012). A trial point is x + v + a/2, with the damped Gauss-Newton
step v and the acceleration a from the second directional derivative along v. By default a radius limits |D v|.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import blas

from hpcfit.records import FloatArray, GeodesicOptions, SolverState, State
from hpcfit.solver.problem import Linearisation, Problem
from hpcfit.solver.progress import back_to_start, has_evaporated, is_behind, with_progress_mark
from hpcfit.solver.rules import RULES, Rule, Trial
from hpcfit.solver.step import Bounds, QuadraticModel, Step

CONVERGED_ANGLE = "converged: gradient angle"
CONVERGED_STEP = "converged: step"
CONVERGED_COST = "converged: cost"
CONVERGED_GOAL = "converged: goal"
STOPPED_ITERATIONS = "stopped: iteration limit"
STOPPED_EVALUATIONS = "stopped: evaluation limit"
STOPPED_TIME = "stopped: time limit"
STOPPED_NOT_FINITE = "stopped: not finite"
STOPPED_NO_PROGRESS = "stopped: no progress"
STOPPED_EVAPORATED = "stopped: evaporated"
STOPPED_FLAT = "stopped: no parameter has an effect"

#: Outcomes of limits, after which a larger limit continues with the same bits.
LIMITS_REACHED = (STOPPED_ITERATIONS, STOPPED_EVALUATIONS, STOPPED_TIME)

#: Outcomes after which another scaling may succeed.
_RESTARTING = (STOPPED_NO_PROGRESS, STOPPED_EVAPORATED)

#: Steps in a row with a gain below the cost tolerance before the fit counts as converged.
_SMALL_GAINS = 3

#: A step must lower the cost by more than this fraction of the predicted decrease.
_LEAST_GAIN = 1e-4

#: Relative changes of the cost below this are rounding.
_ROUNDING = 4.0 * float(np.finfo(float).eps)

#: A shorter step counts as zero in any units: its square underflows.
_TINY = float(np.sqrt(np.finfo(float).tiny))

#: D keeps at least this fraction of its largest component, so that nearly zero columns are damped too.
_SCALE_FLOOR = 1e-6

#: D times the start value keeps at least this fraction of its largest component: a compromise between scaling by
#: columns, which lets parameters of little effect run away, and by the size of parameters. On the benchmark
#: (tools/solvers) 0.03 to 0.3 are better than 0.
_EFFECT_FLOOR = 0.1

#: Directions with a smaller singular value of the column-equilibrated R do not count for the gradient angle: they are
#: evaporated parameters, which no longer affect the residual (section 2.7 of the source).
_RANK_CUT = float(np.sqrt(np.finfo(float).eps))


def start(x: FloatArray, problem: Problem) -> State:
    """Return the state before the first iteration at `x` [n]."""
    cost = problem.cost(x)
    return State(
        iteration=0,
        x=x.copy(),
        cost=cost,
        solver=SolverState(np.zeros_like(x), x.copy(), cost),
        best_x=x.copy(),
        best_cost=cost,
        n_costs=1,
    )


def iterate(problem: Problem, state: State, bounds: Bounds, options: GeodesicOptions) -> Iterator[State]:
    """Yield the state after every accepted step, and last the best point with the outcome.

    Parameters
    ----------
    problem
        The least-squares problem.
    state
        From `start`, or any state yielded before: the sequence continues with the same bits. A state with an outcome is
        the last.
    bounds
        The box; every evaluated point lies inside.
    options
        Tolerances, limits and damping.
    """
    fit = _Fit(problem, bounds, options, RULES[options.damping], time.monotonic() + options.max_time)
    while not state.outcome:
        state = fit.iteration(state)
        yield state


@dataclass(frozen=True)
class _Fit:
    problem: Problem
    bounds: Bounds
    options: GeodesicOptions
    rule: Rule
    deadline: float

    def iteration(self, state: State) -> State:
        """Return the state after one accepted step, or with an outcome."""
        if not np.isfinite(state.cost):
            return replace(state, outcome=STOPPED_NOT_FINITE)
        entry = state
        # Far from a minimum numbers overflow; values that are not finite are rejected where they appear.
        with np.errstate(all="ignore"):
            while True:
                state = self._advanced(state)
                if state.outcome == STOPPED_NO_PROGRESS and state.angle <= self.options.angle_tolerance:
                    # The angle is met, so no step can gain more, though the parameters could still move.
                    state = replace(state, outcome=CONVERGED_ANGLE)
                if not state.outcome:
                    return state
                if not (
                    self.options.restart and state.outcome in _RESTARTING and not self._is_identity(state)
                ):
                    return _ended(_at_limit(entry, state) if state.outcome in LIMITS_REACHED else state)
                state = back_to_start(state)

    def _advanced(self, state: State) -> State:
        if limit := self._limit(state):
            return replace(state, outcome=limit)
        at = self.problem.linearise(state.x)
        state = replace(state, n_linearisations=state.n_linearisations + 1)
        if not (np.isfinite(at.triangle).all() and np.isfinite(at.projection).all()):
            return replace(state, outcome=STOPPED_NOT_FINITE)
        solver = replace(state.solver, scale=np.maximum(state.solver.scale, at.column_norms))
        state = replace(state, solver=solver)
        model = QuadraticModel(at, self._scale(state), state.x, self.bounds)
        steepest = np.abs(model.gradient / model.scale)[model.movable].max(initial=0.0)
        angle = model.system.cosine(float(np.sqrt(state.cost)), _RANK_CUT)
        state = replace(state, gradient=float(steepest), angle=angle)
        state = with_progress_mark(state, self.options.patience)
        if outcome := self._outcome_here(state, at, model):
            return replace(state, outcome=outcome)
        if np.isnan(state.solver.damping):
            state = replace(state, solver=self.rule.first(state.solver, model, self.options))
        state = self._step(state, model)
        if state.outcome == STOPPED_NO_PROGRESS and state.cost <= at.noise**2:
            # Nothing but rounding errors is left.
            state = replace(state, outcome=CONVERGED_COST)
        converged = state.outcome in (CONVERGED_COST, CONVERGED_STEP)
        return (
            replace(state, outcome=STOPPED_EVAPORATED) if converged and has_evaporated(state, at) else state
        )

    def _is_identity(self, state: State) -> bool:
        return bool(state.restarted) or self.options.scaling == "identity"

    def _scale(self, state: State) -> FloatArray:
        """Return the diagonal of D."""
        if self._is_identity(state):
            return np.ones_like(state.x)
        scale, start = state.solver.scale, state.solver.start_x
        largest = float(scale.max(initial=0.0))
        floor = _SCALE_FLOOR * largest if largest > 0 else 1.0
        # The effect of a relative change of a parameter, which does not depend on units.
        size = np.abs(start)
        effect = float((scale * size).max(initial=0.0))
        of_effect = np.divide(_EFFECT_FLOOR * effect, size, where=size > 0.0, out=np.zeros_like(size))
        return np.maximum(np.maximum(scale, floor), of_effect)

    def _limit(self, state: State) -> str:
        if (
            state.n_linearisations + state.n_costs + state.n_second_derivatives
            >= self.options.max_evaluations
        ):
            return STOPPED_EVALUATIONS
        return STOPPED_TIME if time.monotonic() >= self.deadline else ""

    def _outcome_here(self, state: State, at: Linearisation, model: QuadraticModel) -> str:
        if state.cost <= self.options.goal:
            return CONVERGED_GOAL if state.cost > 0.0 else CONVERGED_COST
        if not at.column_norms.any():
            return STOPPED_FLAT
        outcome = CONVERGED_COST if state.solver.small_gains >= _SMALL_GAINS else ""
        if is_behind(state, self.options.patience):
            outcome = STOPPED_NO_PROGRESS
        if state.angle <= self.options.angle_tolerance and self._is_settled(state, model):
            outcome = CONVERGED_ANGLE
        if outcome and has_evaporated(state, at):
            return STOPPED_EVAPORATED
        return outcome or (STOPPED_ITERATIONS if state.iteration >= self.options.max_iter else "")

    def _is_settled(self, state: State, model: QuadraticModel) -> bool:
        """Return whether the undamped step changes no parameter, or the data do not determine them."""
        undamped = model.system.undamped
        if undamped is None:
            return True
        change = np.abs(undamped.w / model.scale[model.movable])
        tolerance = self.options.parameter_tolerance
        # A small fraction of the start, so that parameters may end at 0.
        size = np.maximum(np.abs(state.x), tolerance * np.abs(state.solver.start_x))
        return bool((change <= tolerance * size[model.movable]).all())

    def _step(self, state: State, model: QuadraticModel) -> State:
        """Shorten the step until a trial point is accepted, or a rule ends the fit."""
        smallest = max(self.options.step_tolerance * _size(state, model), _TINY)
        n_rejected = 0
        while True:
            step = model.step(self.rule.choice(state.solver))
            solver = replace(state.solver, damping=step.solution.damping)
            state = replace(state, solver=solver)
            promised = model.drop(step.v)
            if not promised > _ROUNDING * state.cost:
                settled = float(model.system.target @ model.system.target) <= _ROUNDING * state.cost
                return replace(state, outcome=CONVERGED_COST if settled else STOPPED_NO_PROGRESS)
            state, point, ratio = self._trial_point(state, model, step)
            cost = np.inf
            if point is not None and not state.outcome:
                state, cost = self._cost(state, point)
            if state.outcome:
                return state
            gain = (state.cost - cost) / promised
            trial = Trial(step.length, ratio, gain, _cosine(solver, model, step), n_rejected)
            settled = step.length <= smallest and model.system.settled <= smallest
            if point is not None and self._accepts(state, cost, trial):
                state = self._moved(state, model, step, point, cost, trial)
                return replace(state, outcome=CONVERGED_STEP if settled else "")
            if step.length <= smallest or np.array_equal(state.x + step.v, state.x):
                return replace(state, outcome=CONVERGED_STEP if settled else STOPPED_NO_PROGRESS)
            state = replace(state, solver=self.rule.rejected(solver, trial, self.options))
            n_rejected += 1

    def _trial_point(
        self, state: State, model: QuadraticModel, step: Step
    ) -> tuple[State, FloatArray | None, float]:
        """Return the trial point, None if the acceleration is too large, and the acceleration's ratio."""
        if not self.options.acceleration:
            return state, self.bounds.clip(state.x + step.v), 0.0
        if limit := self._limit(state):
            return replace(state, outcome=limit), None, np.inf
        second_gradient = self.problem.second_derivative(step.v, self.options.h)
        state = replace(state, n_second_derivatives=state.n_second_derivatives + 1)
        if not np.isfinite(second_gradient).all():
            return state, None, np.inf
        half = model.second_order(step, second_gradient)
        ratio = 2.0 * float(np.linalg.norm(model.scale * half)) / step.length
        if not ratio <= self.options.alpha:
            return state, None, ratio
        return state, self.bounds.clip(state.x + step.v + half), ratio

    def _cost(self, state: State, point: FloatArray) -> tuple[State, float]:
        if limit := self._limit(state):
            return replace(state, outcome=limit), np.inf
        cost = self.problem.cost(point)
        return replace(state, n_costs=state.n_costs + 1), cost

    def _accepts(self, state: State, cost: float, trial: Trial) -> bool:
        if cost < state.cost and trial.gain > _LEAST_GAIN:
            return True
        if not self.options.bold or not np.isfinite(cost):
            return False
        # Umrigar and Nightingale: uphill only while steps keep their direction.
        return (1.0 - max(trial.cosine, 0.0)) ** self.options.bold * cost <= state.best_cost

    def _moved(
        self, state: State, model: QuadraticModel, step: Step, point: FloatArray, cost: float, trial: Trial
    ) -> State:
        small = abs(state.cost - cost) <= self.options.cost_tolerance * state.cost
        better = cost < state.best_cost
        solver = replace(
            state.solver,
            direction=model.scale * step.v,
            small_gains=state.solver.small_gains + 1 if small else 0,
        )
        return replace(
            state,
            iteration=state.iteration + 1,
            x=point,
            cost=cost,
            best_x=point if better else state.best_x,
            best_cost=cost if better else state.best_cost,
            solver=self.rule.accepted(solver, trial, self.options),
            step=trial.length,
            acceleration=trial.ratio if self.options.acceleration else np.nan,
            condition=step.solution.condition,
        )


def _at_limit(entry: State, state: State) -> State:
    """Return the state at the start of an iteration that a limit cut, with the outcome and the evaluations so far."""
    return replace(
        entry,
        outcome=state.outcome,
        gradient=state.gradient,
        angle=state.angle,
        n_linearisations=state.n_linearisations,
        n_costs=state.n_costs,
        n_second_derivatives=state.n_second_derivatives,
    )


def _ended(state: State) -> State:
    """Return the state at the best point; a fit that ended elsewhere did not converge."""
    if state.best_cost < state.cost:
        lost = state.restarted or STOPPED_NO_PROGRESS.removeprefix("stopped: ")
        outcome = f"stopped: {lost}" if state.outcome.startswith("converged") else state.outcome
        state = replace(state, x=state.best_x, cost=state.best_cost, outcome=outcome)
    return state


def _cosine(state: SolverState, model: QuadraticModel, step: Step) -> float:
    """Return the cosine between D v and that of the last accepted step, 0 for the first step."""
    if not len(state.direction):
        return 0.0
    norms = float(np.linalg.norm(state.direction)) * step.length
    return float(state.direction @ (model.scale * step.v)) / norms if norms > 0.0 else 0.0


def _size(state: State, model: QuadraticModel) -> float:
    """Return the reference length of a step: |D x|, plus a fraction of |r| for minima at parameters of 0."""
    scale = state.solver.scale
    # |r| in units of D x: 1 if D holds the columns' norms.
    unit = np.divide(model.scale, scale, where=scale > 0.0, out=np.full_like(state.x, np.inf)).min()
    # A norm without overflow: an infinite one would make every step short.
    return float(blas.dnrm2(model.scale * state.x)) + 1e-10 * float(np.sqrt(state.cost) * unit)
