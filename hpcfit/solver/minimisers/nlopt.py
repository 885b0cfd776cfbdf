"""The algorithms of NLopt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hpcfit.errors import HpcfitError
from hpcfit.records import (
    Box,
    FloatArray,
    MethodForm,
    MinimiserForm,
    NloptOptions,
    OptionForm,
    ScipyOptions,
    State,
    Uses,
    limit_options,
)
from hpcfit.solver.external_minimiser import ExternalProblem, run_external
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

#: Evaluations without a limit in the job; many algorithms have no other end.
_MOST = 10000


def _methods(uses: Uses, box: Box, names: str, least: int = 1) -> tuple[MethodForm, ...]:
    is_global = box is Box.NEEDED
    return tuple(MethodForm(name, uses, box, least=least, is_global=is_global) for name in names.split())


_METHODS = {
    form.name: form
    for form in (
        *_methods(Uses.GRADIENT, Box.TAKEN, "LD_LBFGS LD_MMA LD_CCSAQ LD_SLSQP LD_VAR1 LD_VAR2"),
        *_methods(Uses.COST, Box.TAKEN, "LN_COBYLA LN_BOBYQA LN_PRAXIS LN_NELDERMEAD LN_SBPLX"),
        *_methods(Uses.COST, Box.TAKEN, "LN_NEWUOA_BOUND", least=2),
        *_methods(Uses.COST, Box.NONE, "LN_NEWUOA", least=2),
        *_methods(Uses.COST, Box.NEEDED, "GN_CRS2_LM GN_ESCH GN_DIRECT GN_DIRECT_L GN_ISRES"),
        *_methods(Uses.GRADIENT, Box.NEEDED, "GD_STOGO GD_STOGO_RAND"),
        *_methods(Uses.LOCAL, Box.NEEDED, "G_MLSL G_MLSL_LDS"),
    )
}


def iterate(problem: Problem, state: State, bounds: Bounds, options: NloptOptions) -> Iterator[State]:
    """Yield a state per better point, as `hpcfit.solver.geodesic.iterate` does; a resumed fit restarts."""
    keeps_bounds = _METHODS[options.method].box is not Box.NONE
    limits = options.max_iter, options.max_evaluations
    external = ExternalProblem(problem, state, bounds, keeps_bounds, True, *limits)
    return run_external(partial(_minimise, options=options), external)


def _minimise(external: ExternalProblem, options: NloptOptions) -> str:
    import nlopt

    optimiser = _optimiser(options, len(external.state.x))
    optimiser.set_exceptions_enabled(False)
    if _METHODS[options.method].box is not Box.NONE:
        optimiser.set_lower_bounds(external.bounds.lower)
        optimiser.set_upper_bounds(external.bounds.upper)
    if options.local is not None:
        optimiser.set_local_optimizer(_optimiser(options.local, len(external.state.x)))

    def objective(x: FloatArray, gradient: FloatArray) -> float:
        try:
            point = x.copy()
            if gradient.size == 0:
                return external.cost(point)
            gradient[:] = external.gradient(point)
            return external.value(point)
        except BaseException:
            # NLopt swallows exceptions; `run_external` raises this one again.
            optimiser.force_stop()
            return float("inf")

    optimiser.set_min_objective(objective)
    nlopt.srand(options.seed)
    return _outcome(optimiser, external, options)


def _optimiser(options: NloptOptions, n: int) -> Any:
    import nlopt

    optimiser = nlopt.opt(getattr(nlopt, options.method), n)
    optimiser.set_maxeval(_most_evaluations(options))
    optimiser.set_ftol_rel(options.ftol_rel)
    optimiser.set_ftol_abs(options.ftol_abs)
    optimiser.set_xtol_rel(options.xtol_rel)
    if options.stopval is not None:
        optimiser.set_stopval(options.stopval)
    if options.maxtime is not None:
        optimiser.set_maxtime(options.maxtime)
    return optimiser


def _most_evaluations(options: NloptOptions) -> int:
    """Return NLopt's limit: of the top method a looser one than the job's, which `ExternalProblem` keeps."""
    if options.maxeval is not None:
        return options.maxeval
    return _MOST if options.max_evaluations is None else options.max_evaluations + 1


def _outcome(optimiser: Any, external: ExternalProblem, options: NloptOptions) -> str:
    import nlopt

    optimiser.optimize(external.state.x)
    code = optimiser.last_optimize_result()
    if code in (nlopt.INVALID_ARGS, nlopt.OUT_OF_MEMORY):
        raise HpcfitError(f"nlopt refuses {options.method}, found {optimiser.get_errmsg()}")
    if code < 0:
        # Either the limit of rounding, or a line search without a better point.
        return STOPPED_NO_PROGRESS
    if optimiser.get_numevals() >= _most_evaluations(options):
        # Some algorithms report that as success.
        return STOPPED_EVALUATIONS
    names = {
        nlopt.STOPVAL_REACHED: CONVERGED_GOAL,
        nlopt.FTOL_REACHED: CONVERGED_COST,
        nlopt.XTOL_REACHED: CONVERGED_STEP,
        nlopt.MAXEVAL_REACHED: STOPPED_EVALUATIONS,
        nlopt.MAXTIME_REACHED: STOPPED_TIME,
    }
    return names.get(code, f"converged: {options.method}")


def _read(method: str, given: Mapping[str, Any], local: NloptOptions | ScipyOptions | None) -> NloptOptions:
    if isinstance(local, ScipyOptions):
        # For <BFGS> take NLopt's own. Below rounding its line search fails, which would end the outer method too.
        stops: Mapping[str, Any] = dict(local.options)
        least = max(stops["ftol"], NloptOptions.ftol_rel)
        most = local.max_evaluations or stops["maxiter"]
        local = NloptOptions("LD_LBFGS", maxeval=most, ftol_rel=least, xtol_rel=0.0)
    elif local is not None and local.max_evaluations is not None:
        most = min(local.max_evaluations, local.maxeval or local.max_evaluations)
        local = replace(local, maxeval=most, max_evaluations=None)
    named = {name.replace("-", "_"): value for name, value in given.items()}
    return NloptOptions(method, **named, local=local)


def _options(**forms: tuple[str, str]) -> tuple[OptionForm, ...]:
    return tuple(
        OptionForm(name, kind, getattr(NloptOptions, name), said) for name, (kind, said) in forms.items()
    )


RECORDS = (
    MinimiserForm(
        name="nlopt",
        description="an algorithm of NLopt, on chi^2",
        settings=NloptOptions,
        read=_read,
        run=iterate,
        selector="algorithm",
        methods=tuple(_METHODS.values()),
        inside=("nlopt", "BFGS"),
        inside_required=True,
        options=_options(
            stopval=("number", "stops at a chi^2 not above this"),
            maxeval=("count", f"NLopt's own limit of evaluations; {_MOST} if `max-evaluations` is not given"),
            maxtime=("positive", "limit of time in seconds"),
            ftol_rel=("not-negative", "relative change of chi^2"),
            ftol_abs=("not-negative", "change of chi^2"),
            xtol_rel=("not-negative", "relative change of the variables"),
            seed=("seed", "of the random numbers"),
        )
        + limit_options(),
        inside_limits=("max-evaluations",),
    ),
)
