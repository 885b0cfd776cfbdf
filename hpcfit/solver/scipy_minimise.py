"""SciPy's methods behind the same problem: `minimize`, `least_squares`, and the global ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from hpcfit.records import SCIPY_METHODS, Box, FloatArray, ScipyOptions, State, Uses
from hpcfit.solver.driven import Watched, driven
from hpcfit.solver.geodesic import CONVERGED_COST, STOPPED_NO_PROGRESS
from hpcfit.solver.problem import Problem
from hpcfit.solver.scipy_outcome import outcome
from hpcfit.solver.step import Bounds

#: Inside a global method where the job names no other.
_LOCAL = ScipyOptions("L-BFGS-B", ())

#: SciPy's own ``ftol`` of L-BFGS-B.
_LEAST_GAIN = 1e7 * float(np.finfo(float).eps)


def iterate(problem: Problem, state: State, bounds: Bounds, options: ScipyOptions) -> Iterator[State]:
    """Yield a state per iteration, as `hpcfit.solver.geodesic.iterate` does; from one in between it starts anew.

    Iterations of the methods of `minimize` are theirs; of the others, every better point is one.
    """
    form = SCIPY_METHODS[options.method]
    of_minimize = form.uses is not Uses.RESIDUALS and not form.is_global
    watched = Watched(problem, state, bounds, form.box is not Box.NONE, by_improvement=not of_minimize)
    method = _minimize if of_minimize else _GLOBAL.get(options.method, _least_squares)
    return driven(partial(method, options=options), watched)


def _minimize(watched: Watched, options: ScipyOptions) -> str:
    from scipy.optimize import minimize

    keywords = _asked(watched, options)
    fun = keywords.pop("fun")
    if not watched.by_improvement:
        keywords["callback"] = watched.iterated
    named = outcome(minimize(fun, watched.state.x, **keywords), options.method)
    if options.method == "L-BFGS-B" and named == STOPPED_NO_PROGRESS:
        # It has converged when a gain is below this times the cost or 1: at such a cost no gain can be larger.
        least = float(dict(options.options).get("ftol", _LEAST_GAIN))
        return CONVERGED_COST if watched.state.cost <= least else named
    return named


def _asked(watched: Watched, options: ScipyOptions) -> dict[str, Any]:
    """Return what `minimize` is told of the problem, the method and its options."""
    form = SCIPY_METHODS[options.method]
    keywords: dict[str, Any] = {"method": options.method, "options": dict(options.options)}
    if form.uses is Uses.COST:
        keywords["fun"] = watched.cost
    elif form.uses is Uses.GRADIENT:
        keywords |= {"fun": watched.value, "jac": watched.gradient}
    else:  # the Jacobian is needed in any case
        keywords |= {
            "fun": lambda x: watched.linearise(x).cost,
            "jac": lambda x: 2.0 * watched.linearise(x).gradient,
            "hess": watched.curvature,
        }
    box = watched.bounds
    if form.box is not Box.NONE and (np.isfinite(box.lower).any() or np.isfinite(box.upper).any()):
        keywords["bounds"] = _pairs(box)
    return keywords


def _pairs(box: Bounds) -> Any:
    """Return lower and upper bound of every variable, as the functions of SciPy take them."""
    return list(zip(box.lower.tolist(), box.upper.tolist(), strict=True))


def _least_squares(watched: Watched, options: ScipyOptions) -> str:
    """Fit [q; rest] with Jacobian [R; 0] in place of r with J = Q [R; 0].

    Q is orthogonal and the methods use |r|, J^T r and J^T J alone, or QR factors of J, which are the same for both.
    """
    from scipy.optimize import least_squares

    def residual(x: FloatArray) -> FloatArray:
        at = watched.linearise(x)
        return np.append(at.projection, at.rest)

    def jacobian(x: FloatArray) -> FloatArray:
        return np.vstack([watched.linearise(x).triangle, np.zeros(len(x))])

    box = watched.bounds
    keywords: dict[str, Any] = {"method": options.method, **dict(options.options)}
    if SCIPY_METHODS[options.method].box is not Box.NONE:
        keywords["bounds"] = (box.lower, box.upper)
    result = least_squares(residual, watched.state.x, jac=jacobian, **keywords)
    return outcome(result, options.method)


def _local(watched: Watched, options: ScipyOptions) -> Any:
    """Return what a global method hands on to its local minimiser; it brings its own function along."""
    keywords = _asked(watched, options.local or _LOCAL)
    del keywords["fun"]
    return keywords


def _seeded(options: ScipyOptions) -> dict[str, Any]:
    """Return the options with a generator of random numbers from the seed."""
    keywords: dict[str, Any] = dict(options.options)
    return keywords | {"rng": np.random.default_rng(keywords.pop("seed", 0))}


def _differential_evolution(watched: Watched, options: ScipyOptions) -> str:
    from scipy.optimize import differential_evolution

    keywords = _seeded(options)
    # SciPy's own polish would take finite differences.
    polish = keywords.pop("polish", True)
    box = _pairs(watched.bounds)
    result = differential_evolution(watched.cost, box, x0=watched.state.x, polish=False, **keywords)
    named = outcome(result, options.method)
    return _minimize(watched, options.local or _LOCAL) if polish else named


def _dual_annealing(watched: Watched, options: ScipyOptions) -> str:
    from scipy.optimize import dual_annealing

    result = dual_annealing(
        watched.cost,
        _pairs(watched.bounds),
        x0=watched.state.x,
        minimizer_kwargs=_local(watched, options),
        **_seeded(options),
    )
    return outcome(result, options.method)


def _basinhopping(watched: Watched, options: ScipyOptions) -> str:
    from scipy.optimize import basinhopping

    local = _local(watched, options)
    result = basinhopping(watched.cost, watched.state.x, minimizer_kwargs=local, **_seeded(options))
    return outcome(result, options.method)


def _shgo(watched: Watched, options: ScipyOptions) -> str:
    from scipy.optimize import shgo

    rest: Any = dict(options.options)
    own = {name: rest.pop(name) for name in ("n", "iters", "sampling_method") if name in rest}
    local = _local(watched, options)
    result = shgo(watched.cost, _pairs(watched.bounds), minimizer_kwargs=local, options=rest, **own)
    return outcome(result, options.method)


def _direct(watched: Watched, options: ScipyOptions) -> str:
    from scipy.optimize import direct

    keywords: dict[str, Any] = dict(options.options)
    return outcome(direct(watched.cost, _pairs(watched.bounds), **keywords), options.method)


_GLOBAL = {
    "basinhopping": _basinhopping,
    "differential_evolution": _differential_evolution,
    "direct": _direct,
    "dual_annealing": _dual_annealing,
    "shgo": _shgo,
}
