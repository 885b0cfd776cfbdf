"""Trials of another minimiser from random points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hpcfit.records import FloatArray, MinimiserForm, OptionForm, SpaOptions, State
from hpcfit.solver.geodesic import STOPPED_EVALUATIONS, start
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds

Minimise = Callable[[Problem, State, Bounds, Any], Iterator[State]]


def iterate(
    problem: Problem, state: State, bounds: Bounds, options: SpaOptions, minimise: Minimise
) -> Iterator[State]:
    """Yield the best point after every trial, and last that of a final trial from the best point, with its outcome.

    The first trial starts at the start of the fit, the others at random points of the box. An iteration is a trial;
    states that repeat an iteration only offer a chance to stop. A trial's start depends on the seed and its number
    only, so that a resumed run does the remaining trials.
    """
    if state.outcome:
        return
    best = state
    for trial in range(state.iteration, options.max_iter):
        point = state.x if trial == 0 else _random(bounds, options.seed, trial)
        if (local := _local(options, best)) is None:
            yield replace(best, outcome=STOPPED_EVALUATIONS)
            return
        for tried in _trial(best, minimise(problem, start(point, problem), bounds, local)):
            best = replace(tried, outcome="")
            yield best
        best = replace(best, iteration=trial + 1)
        yield best
    if (local := _local(options, best)) is None:
        yield replace(best, outcome=STOPPED_EVALUATIONS)
        return
    yield from _trial(best, minimise(problem, start(best.x, problem), bounds, local))


def _local(options: SpaOptions, best: State) -> Any:
    """Return the settings of the next trial, within what is left of the evaluations; None if nothing is left."""
    if options.max_evaluations is None:
        return options.local
    left = options.max_evaluations - best.n_costs - best.n_linearisations - best.n_second_derivatives
    own = options.local.max_evaluations
    # The first point of a trial is one evaluation.
    return replace(options.local, max_evaluations=min(left, own or left)) if left > 0 else None


def _random(bounds: Bounds, seed: int, trial: int) -> FloatArray:
    return np.random.default_rng([seed, trial]).uniform(bounds.lower, bounds.upper)


def _trial(best: State, states: Iterator[State]) -> Iterator[State]:
    """Yield the best state at every state of one trial, with the trial's counts added and its outcome."""
    before = best
    for inner in states:
        if inner.cost < best.cost:
            x, cost = inner.x, inner.cost
            best = replace(best, x=x, cost=cost, best_x=x, best_cost=cost, gradient=inner.gradient)
        best = replace(
            best,
            n_costs=before.n_costs + inner.n_costs,
            n_linearisations=before.n_linearisations + inner.n_linearisations,
            n_second_derivatives=before.n_second_derivatives + inner.n_second_derivatives,
            outcome=inner.outcome,
        )
        yield best


def _read(_method: str, given: Mapping[str, Any], local: Any) -> SpaOptions:
    return SpaOptions(local, **{name.replace("-", "_"): value for name, value in given.items()})


RECORDS = (
    MinimiserForm(
        name="spa",
        description="trials of the minimiser inside: the first from the job's start, the others from random points "
        "between `min` and `max` of every free parameter; then one more from the best point",
        settings=SpaOptions,
        read=_read,
        run=iterate,
        wraps=True,
        options=(
            OptionForm("max-iter", "count", SpaOptions.max_iter, "number of trials"),
            OptionForm("max-evaluations", "count", None, "limit of all evaluations of all trials"),
            OptionForm("seed", "seed", SpaOptions.seed, "of the random points"),
        ),
    ),
)
