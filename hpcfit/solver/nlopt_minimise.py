"""NLopt's algorithms behind the same problem."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from hpcfit.errors import HpcfitError
from hpcfit.records import NLOPT_METHODS, Box, FloatArray, NloptOptions, State
from hpcfit.solver.driven import Watched, driven
from hpcfit.solver.geodesic import (
    CONVERGED_COST,
    CONVERGED_GOAL,
    CONVERGED_STEP,
    STOPPED_EVALUATIONS,
    STOPPED_NO_PROGRESS,
    STOPPED_TIME,
)
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds


def iterate(problem: Problem, state: State, bounds: Bounds, options: NloptOptions) -> Iterator[State]:
    """Yield a state per better point, as `hpcfit.solver.geodesic.iterate` does; from one in between it starts anew."""
    keeps_bounds = NLOPT_METHODS[options.method].box is not Box.NONE
    watched = Watched(problem, state, bounds, keeps_bounds, by_improvement=True)
    return driven(partial(_minimise, options=options), watched)


def _minimise(watched: Watched, options: NloptOptions) -> str:
    import nlopt

    optimiser = _optimiser(options, len(watched.state.x))
    optimiser.set_exceptions_enabled(False)
    if NLOPT_METHODS[options.method].box is not Box.NONE:
        optimiser.set_lower_bounds(watched.bounds.lower)
        optimiser.set_upper_bounds(watched.bounds.upper)
    if options.local is not None:
        optimiser.set_local_optimizer(_optimiser(options.local, len(watched.state.x)))

    def objective(x: FloatArray, gradient: FloatArray) -> float:
        try:
            point = x.copy()
            if gradient.size == 0:
                return watched.cost(point)
            gradient[:] = watched.gradient(point)
            return watched.value(point)
        except BaseException:
            # Exceptions do not find their way through NLopt; `driven` raises this one again.
            optimiser.force_stop()
            return float("inf")

    optimiser.set_min_objective(objective)
    nlopt.srand(options.seed)
    return _outcome(optimiser, watched, options)


def _optimiser(options: NloptOptions, n: int) -> Any:
    import nlopt

    optimiser = nlopt.opt(getattr(nlopt, options.method), n)
    optimiser.set_maxeval(options.maxeval)
    optimiser.set_ftol_rel(options.ftol_rel)
    optimiser.set_ftol_abs(options.ftol_abs)
    optimiser.set_xtol_rel(options.xtol_rel)
    if options.stopval is not None:
        optimiser.set_stopval(options.stopval)
    if options.maxtime is not None:
        optimiser.set_maxtime(options.maxtime)
    return optimiser


def _outcome(optimiser: Any, watched: Watched, options: NloptOptions) -> str:
    import nlopt

    optimiser.optimize(watched.state.x)
    code = optimiser.last_optimize_result()
    if code in (nlopt.INVALID_ARGS, nlopt.OUT_OF_MEMORY):
        raise HpcfitError(f"nlopt refuses {options.method}, found {optimiser.get_errmsg()}")
    if code < 0:
        # Either the end that rounding sets, or a line search without a better point.
        return STOPPED_NO_PROGRESS
    if optimiser.get_numevals() >= options.maxeval:
        # Some algorithms call that a success.
        return STOPPED_EVALUATIONS
    names = {
        nlopt.STOPVAL_REACHED: CONVERGED_GOAL,
        nlopt.FTOL_REACHED: CONVERGED_COST,
        nlopt.XTOL_REACHED: CONVERGED_STEP,
        nlopt.MAXEVAL_REACHED: STOPPED_EVALUATIONS,
        nlopt.MAXTIME_REACHED: STOPPED_TIME,
    }
    return names.get(code, f"converged: {options.method}")
