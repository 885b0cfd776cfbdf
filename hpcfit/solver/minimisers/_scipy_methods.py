"""The methods of SciPy and their options."""

from __future__ import annotations

from hpcfit.records import Box, MethodForm, OptionForm, Uses

#: SciPy's options by their datatypes in the job's schema.
_BY_DATATYPE = {
    "not-negative": "T accuracy atol barrier_tol f_tol fatol feasibility_tol ftol gtol stepmx tol xatol xrtol xtol",
    "positive": (
        "eps final_tr_radius initial_barrier_parameter initial_barrier_tolerance initial_constr_penalty initial_temp "
        "initial_tr_radius initial_trust_radius max_trust_radius maxtime mutation norm rescale rhobeg stepsize"
    ),
    "above-one": "visit",
    "from-zero-to-one": "eta f_min_rtol len_tol vol_tol",
    "between-zero-and-one": "c1 c2 recombination restart_temp_ratio stepwise_factor target_accept_rate",
    "number": "accept f_min f_target minfev",
    "count": (
        "interval iters max_nfev maxCGit maxcor maxev maxfev maxfun maxiter maxls n niter niter_success popsize"
    ),
    "boolean": "adaptive inexact locally_biased no_local_search polish scale",
    "seed": "seed",
}

_CHOICES = {
    "init": ("latinhypercube", "sobol", "halton", "random"),
    "sampling_method": ("simplicial", "halton", "sobol"),
    "strategy": tuple(
        f"{base}{cross}"
        for cross in ("bin", "exp")
        for base in ("best1", "rand1", "rand2", "best2", "randtobest1", "currenttobest1")
    ),
    "tr_solver": ("exact", "lsmr"),
    "updating": ("immediate", "deferred"),
    "x_scale": ("jac",),
}

OPTIONS = (
    *(OptionForm(name, datatype) for datatype, names in _BY_DATATYPE.items() for name in names.split()),
    *(OptionForm(name, choice) for name, choice in _CHOICES.items()),
)

_TRUST = "initial_trust_radius max_trust_radius eta gtol maxiter"
_LEAST_SQUARES = "ftol xtol gtol max_nfev x_scale"

_RADII = (("initial_trust_radius", 1.0, "max_trust_radius", 1000.0), ("eta", 0.15, "", 0.25))
_WOLFE = (("c1", 1e-4, "c2", 0.9),)


def _method(
    name: str, uses: Uses, box: Box, options: str, below: tuple[tuple[str, float, str, float], ...] = ()
) -> MethodForm:
    return MethodForm(name, uses, box, tuple(sorted(options.split())), below=below)


def _global(
    name: str,
    uses: Uses,
    options: str,
    box: Box = Box.NEEDED,
    below: tuple[tuple[str, float, str, float], ...] = (),
) -> MethodForm:
    return MethodForm(name, uses, box, tuple(sorted(options.split())), is_global=True, below=below)


METHODS = (
    _method("Nelder-Mead", Uses.COST, Box.TAKEN, "maxiter maxfev xatol fatol adaptive"),
    _method("Powell", Uses.COST, Box.TAKEN, "xtol ftol maxiter maxfev"),
    _method("COBYLA", Uses.COST, Box.TAKEN, "rhobeg tol maxiter", (("tol", 1e-4, "rhobeg", 1.0),)),
    _method(
        "COBYQA",
        Uses.COST,
        Box.TAKEN,
        "maxfev maxiter f_target feasibility_tol initial_tr_radius final_tr_radius scale",
        (("final_tr_radius", 1e-6, "initial_tr_radius", 1.0),),
    ),
    _method("L-BFGS-B", Uses.GRADIENT, Box.TAKEN, "maxcor ftol gtol maxfun maxiter maxls"),
    _method(
        "TNC", Uses.GRADIENT, Box.TAKEN, "maxCGit eta stepmx accuracy minfev ftol xtol gtol rescale maxfun"
    ),
    _method("SLSQP", Uses.GRADIENT, Box.TAKEN, "maxiter ftol"),
    _method("CG", Uses.GRADIENT, Box.NONE, "gtol norm maxiter c1 c2", (("c1", 1e-4, "c2", 0.4),)),
    _method("BFGS", Uses.GRADIENT, Box.NONE, "gtol norm maxiter xrtol c1 c2", _WOLFE),
    _method(
        "trust-constr",
        Uses.CURVATURE,
        Box.TAKEN,
        "xtol gtol barrier_tol maxiter initial_constr_penalty initial_tr_radius initial_barrier_parameter "
        "initial_barrier_tolerance",
    ),
    _method("Newton-CG", Uses.CURVATURE, Box.NONE, "xtol maxiter c1 c2", _WOLFE),
    _method("dogleg", Uses.CURVATURE, Box.NONE, _TRUST, _RADII),
    _method("trust-ncg", Uses.CURVATURE, Box.NONE, _TRUST, _RADII),
    _method("trust-exact", Uses.CURVATURE, Box.NONE, _TRUST, _RADII),
    _method("trust-krylov", Uses.CURVATURE, Box.NONE, f"{_TRUST} inexact", _RADII),
    _method("trf", Uses.RESIDUALS, Box.TAKEN, f"{_LEAST_SQUARES} tr_solver"),
    _method("dogbox", Uses.RESIDUALS, Box.TAKEN, f"{_LEAST_SQUARES} tr_solver"),
    _method("lm", Uses.RESIDUALS, Box.NONE, _LEAST_SQUARES),
    _global(
        "basinhopping",
        Uses.LOCAL,
        "niter T stepsize interval niter_success target_accept_rate stepwise_factor seed",
        Box.TAKEN,
    ),
    _global(
        "differential_evolution",
        Uses.LOCAL,
        "strategy maxiter popsize tol atol mutation recombination init updating polish seed",
        below=(("mutation", 0.5, "", 2.0),),
    ),
    _global(
        "dual_annealing",
        Uses.LOCAL,
        "maxiter initial_temp restart_temp_ratio visit accept maxfun no_local_search seed",
    ),
    _global("shgo", Uses.LOCAL, "n iters sampling_method maxiter maxfev maxev maxtime f_min f_tol"),
    _global("direct", Uses.COST, "eps maxfun maxiter locally_biased f_min f_min_rtol vol_tol len_tol"),
)
