"""SciPy: the methods of `minimize` and `least_squares`, the global ones, and L-BFGS-B with the rules of atomicrex."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from hpcfit.records import (
    LIMITS,
    Box,
    FloatArray,
    MethodForm,
    MinimiserForm,
    OptionForm,
    ScipyOptions,
    State,
    Uses,
    limit_options,
)
from hpcfit.solver.external_minimiser import ExternalProblem, run_external
from hpcfit.solver.geodesic import CONVERGED_COST, STOPPED_NO_PROGRESS
from hpcfit.solver.minimisers._scipy_methods import METHODS, OPTIONS
from hpcfit.solver.minimisers._scipy_outcome import outcome
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds

#: Default local minimiser of a global method.
_LOCAL = ScipyOptions("L-BFGS-B", ())

#: SciPy's own ``ftol`` of L-BFGS-B.
_LEAST_GAIN = 1e7 * float(np.finfo(float).eps)

#: Defaults of atomicrex; its threshold is in units of the machine precision.
_THRESHOLD, _ITERATIONS = 1e-5, 100
_MACHINE_PRECISION = 2.0**-52

#: Evaluations that an iteration of L-BFGS-B's line search can take.
_LINE_SEARCH = 20

#: SciPy's limits of evaluations; ``maxiter`` of these methods is another one.
_EVALUATIONS = ("maxfun", "maxfev", "max_nfev")
_COUNTS_EVALUATIONS = ("COBYLA",)
_NO_LIMIT = 10**9

_METHODS = {method.name: method for method in METHODS}


def iterate(problem: Problem, state: State, bounds: Bounds, options: ScipyOptions) -> Iterator[State]:
    """Yield a state per iteration, as `hpcfit.solver.geodesic.iterate` does; a resumed fit restarts from its point.

    The methods of `minimize` report their iterations; for the others every better point is one.
    """
    form = _METHODS[options.method]
    of_minimize = form.uses is not Uses.RESIDUALS and not form.is_global
    limits = options.max_iter, options.max_evaluations
    external = ExternalProblem(problem, state, bounds, form.box is not Box.NONE, not of_minimize, *limits)
    method = _minimize if of_minimize else _GLOBAL.get(options.method, _least_squares)
    return run_external(partial(method, options=options), external)


def _minimize(external: ExternalProblem, options: ScipyOptions) -> str:
    from scipy.optimize import minimize

    keywords = _arguments(external, options)
    fun = keywords.pop("fun")
    if not external.by_improvement:
        keywords["callback"] = external.iterated
    named = outcome(minimize(fun, external.state.x, **keywords), options.method)
    if options.method == "L-BFGS-B" and named == STOPPED_NO_PROGRESS:
        # It converges if a gain is below this times max(cost, 1); at such a small cost no gain can be larger.
        least = float(dict(options.options).get("ftol", _LEAST_GAIN))
        return CONVERGED_COST if external.state.cost <= least else named
    return named


def _arguments(external: ExternalProblem, options: ScipyOptions) -> dict[str, Any]:
    form = _METHODS[options.method]
    keywords: dict[str, Any] = {"method": options.method, "options": dict(options.options)}
    if form.uses is Uses.COST:
        keywords["fun"] = external.cost
    elif form.uses is Uses.GRADIENT:
        keywords |= {"fun": external.value, "jac": external.gradient}
    else:  # the Jacobian is needed in any case
        keywords |= {
            "fun": lambda x: external.linearise(x).cost,
            "jac": lambda x: 2.0 * external.linearise(x).gradient,
            "hess": external.curvature,
        }
    box = external.bounds
    if form.box is not Box.NONE and (np.isfinite(box.lower).any() or np.isfinite(box.upper).any()):
        keywords["bounds"] = _pairs(box)
    return keywords


def _pairs(box: Bounds) -> Any:
    return list(zip(box.lower.tolist(), box.upper.tolist(), strict=True))


def _least_squares(external: ExternalProblem, options: ScipyOptions) -> str:
    """Fit [q; rest] with Jacobian [R; 0] in place of r with J = Q [R; 0].

    Q is orthogonal, and the methods use only |r|, J^T r and J^T J, or QR factors of J, which are the same for both.
    """
    from scipy.optimize import least_squares

    def residual(x: FloatArray) -> FloatArray:
        at = external.linearise(x)
        return np.append(at.projection, at.rest)

    def jacobian(x: FloatArray) -> FloatArray:
        return np.vstack([external.linearise(x).triangle, np.zeros(len(x))])

    box = external.bounds
    keywords: dict[str, Any] = {"method": options.method, **dict(options.options)}
    if _METHODS[options.method].box is not Box.NONE:
        keywords["bounds"] = (box.lower, box.upper)
    result = least_squares(residual, external.state.x, jac=jacobian, **keywords)
    return outcome(result, options.method)


def _local(external: ExternalProblem, options: ScipyOptions) -> Any:
    """Return the arguments that a global method passes to its local minimiser, besides the function."""
    local = options.local or _LOCAL
    keywords = _arguments(external, local)
    del keywords["fun"]
    if local.max_iter is not None:
        keywords["options"]["maxiter"] = local.max_iter
    return keywords


def _seeded(options: ScipyOptions) -> dict[str, Any]:
    keywords: dict[str, Any] = dict(options.options)
    return keywords | {"rng": np.random.default_rng(keywords.pop("seed", 0))}


def _differential_evolution(external: ExternalProblem, options: ScipyOptions) -> str:
    from scipy.optimize import differential_evolution

    keywords = _seeded(options)
    # SciPy's own polish would take finite differences.
    polish = keywords.pop("polish", True)
    box = _pairs(external.bounds)
    result = differential_evolution(external.cost, box, x0=external.state.x, polish=False, **keywords)
    named = outcome(result, options.method)
    return _minimize(external, options.local or _LOCAL) if polish else named


def _dual_annealing(external: ExternalProblem, options: ScipyOptions) -> str:
    from scipy.optimize import dual_annealing

    result = dual_annealing(
        external.cost,
        _pairs(external.bounds),
        x0=external.state.x,
        minimizer_kwargs=_local(external, options),
        **_seeded(options),
    )
    return outcome(result, options.method)


def _basinhopping(external: ExternalProblem, options: ScipyOptions) -> str:
    from scipy.optimize import basinhopping

    local = _local(external, options)
    result = basinhopping(external.cost, external.state.x, minimizer_kwargs=local, **_seeded(options))
    return outcome(result, options.method)


def _shgo(external: ExternalProblem, options: ScipyOptions) -> str:
    from scipy.optimize import shgo

    rest: Any = dict(options.options)
    own = {name: rest.pop(name) for name in ("n", "iters", "sampling_method") if name in rest}
    local = _local(external, options)
    result = shgo(external.cost, _pairs(external.bounds), minimizer_kwargs=local, options=rest, **own)
    return outcome(result, options.method)


def _direct(external: ExternalProblem, options: ScipyOptions) -> str:
    from scipy.optimize import direct

    keywords: dict[str, Any] = dict(options.options)
    return outcome(direct(external.cost, _pairs(external.bounds), **keywords), options.method)


_GLOBAL = {
    "basinhopping": _basinhopping,
    "differential_evolution": _differential_evolution,
    "direct": _direct,
    "dual_annealing": _dual_annealing,
    "shgo": _shgo,
}


def _read(method: str, given: Mapping[str, Any], local: ScipyOptions | None) -> ScipyOptions:
    own = {name: value for name, value in given.items() if name not in LIMITS}
    limits = {name: given[name] for name in LIMITS if name in given}
    if method in _METHODS:  # the empty name has been reported
        own = {**_lifted(_METHODS[method], limits), **own}
    return ScipyOptions(
        method, tuple(sorted(own.items())), local, limits.get("max-iter"), limits.get("max-evaluations")
    )


def _lifted(form: MethodForm, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return SciPy's own limits where the job's replace them: SciPy's defaults would end a fit earlier."""
    if not limits or form.is_global:
        return {}  # a global method's number of iterations is its search
    names = [*_EVALUATIONS]
    if "max-iter" in limits or form.name in _COUNTS_EVALUATIONS:
        names.append("maxiter")
    return {name: _NO_LIMIT for name in names if name in form.options}


def _read_bfgs(_method: str, given: Mapping[str, Any], _local: None) -> ScipyOptions:
    n = given.get("max-iter", _ITERATIONS)
    threshold = given.get("conv-threshold", _THRESHOLD) * _MACHINE_PRECISION
    # atomicrex has no rule for the gradient.
    stops = ("ftol", threshold), ("gtol", 0.0), ("maxfun", _LINE_SEARCH * n), ("maxiter", n)
    return ScipyOptions("L-BFGS-B", stops, max_iter=n, max_evaluations=given.get("max-evaluations"))


def _check(form: MethodForm | None, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield values that SciPy would refuse at the start of the fit."""
    if form is None:
        return
    for first, default, second, limit in form.below:
        small, large = float(given.get(first, default)), float(given.get(second, limit))
        if small >= large:
            allowed = f"below {large:g}" + (f", {second}" if second else "")
            yield f"{first} of {form.name} too large", f"{small:g}", allowed
    for name in ("ftol", "xtol", "gtol") if form.uses is Uses.RESIDUALS else ():
        if float(given.get(name, 1.0)) < _MACHINE_PRECISION:
            yield f"{name} of {form.name} below rounding", f"{given[name]:g}", "at least 2.3e-16"


RECORDS = (
    MinimiserForm(
        name="scipy",
        description="a method of SciPy; its options have SciPy's names and defaults, `seed` 0",
        settings=ScipyOptions,
        read=_read,
        run=iterate,
        check=_check,
        selector="method",
        methods=METHODS,
        inside=("scipy", "BFGS"),
        inside_limits=("max-iter",),
        options=(*OPTIONS, *limit_options()),
    ),
    MinimiserForm(
        name="BFGS",
        description="L-BFGS-B of SciPy with the rules of atomicrex: converged when an iteration gains less than "
        "`conv-threshold` times the machine precision times max(chi^2, 1)",
        settings=ScipyOptions,
        read=_read_bfgs,
        run=iterate,
        methods=(_METHODS["L-BFGS-B"],),
        options=(
            OptionForm("conv-threshold", "not-negative", _THRESHOLD, "gain that is small enough"),
            OptionForm("max-iter", "count", _ITERATIONS, "limit of iterations"),
            OptionForm("max-evaluations", "count", None, "limit of all evaluations"),
            OptionForm(
                "gradient-epsilon", "positive", None, "no effect (a warning says so): the gradient is exact"
            ),
        ),
        without_effect={"gradient-epsilon": "the gradient is exact"},
    ),
)
