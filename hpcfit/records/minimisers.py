"""Minimisers besides geodesic Levenberg-Marquardt: what a job chooses, and what each method takes and needs."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

#: Of an option; truth is a whole number to Python.
Value: TypeAlias = int | float | str


class Box(enum.Enum):
    """What a method makes of bounds."""

    NONE = "none"  #: knows none
    TAKEN = "taken"  #: keeps to those there are
    NEEDED = "needed"  #: searches in them: every free parameter needs both


class Uses(enum.Enum):
    """What a method asks of the problem."""

    COST = "cost"
    GRADIENT = "gradient"
    CURVATURE = "gradient and Gauss-Newton Hessian"
    RESIDUALS = "residuals and Jacobian"
    LOCAL = "cost, and what its local minimiser asks for"


@dataclass(frozen=True)
class MethodForm:
    """A method of a library: what it asks for, what it makes of bounds, and its options by the library's names."""

    name: str
    uses: Uses
    box: Box
    options: tuple[str, ...] = ()
    least: int = 1  #: fewest free parameters that it works with
    is_global: bool = False

    @property
    def nests(self) -> bool:
        """Whether another minimiser may stand inside."""
        return self.uses is Uses.LOCAL


@dataclass(frozen=True)
class ScipyOptions:
    """A ``<scipy>`` of the job; ``<BFGS>`` is one too."""

    method: str  #: a key of `SCIPY_METHODS`
    options: tuple[tuple[str, Value], ...]  #: SciPy's names; those left out have SciPy's defaults
    local: ScipyOptions | None = None  #: inside a global method; None for L-BFGS-B


@dataclass(frozen=True)
class NloptOptions:
    """An ``<nlopt>`` of the job (names and meanings are NLopt's; the objective is the sum of squares)."""

    method: str  #: a key of `NLOPT_METHODS`
    stopval: float | None = None  #: stops at a sum of squares not above this
    maxeval: int = 10000
    maxtime: float | None = None  #: s
    ftol_rel: float = 1e-10
    ftol_abs: float = 0.0
    xtol_rel: float = 1e-10
    seed: int = 0
    local: NloptOptions | None = None  #: of the methods that nest one


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
}

#: Datatypes of SciPy's options, or the values to choose from.
SCIPY_OPTIONS: dict[str, str | tuple[str, ...]] = {
    **{name: datatype for datatype, names in _BY_DATATYPE.items() for name in names.split()},
    "seed": "seed",
    "init": ("latinhypercube", "sobol", "halton", "random"),
    "sampling_method": ("simplicial", "halton", "sobol"),
    "strategy": tuple(
        f"{base}{number}{cross}"
        for cross in ("bin", "exp")
        for base, number in (
            ("best", 1),
            ("rand", 1),
            ("rand", 2),
            ("best", 2),
            ("randtobest", 1),
            ("currenttobest", 1),
        )
    ),
    "tr_solver": ("exact", "lsmr"),
    "updating": ("immediate", "deferred"),
    "x_scale": ("jac",),
}


def _scipy(name: str, uses: Uses, box: Box, options: str, is_global: bool = False) -> MethodForm:
    return MethodForm(name, uses, box, tuple(sorted(options.split())), is_global=is_global)


_TRUST = "initial_trust_radius max_trust_radius eta gtol maxiter"
_LEAST_SQUARES = "ftol xtol gtol max_nfev x_scale"

_SCIPY_FORMS = (
    _scipy("Nelder-Mead", Uses.COST, Box.TAKEN, "maxiter maxfev xatol fatol adaptive"),
    _scipy("Powell", Uses.COST, Box.TAKEN, "xtol ftol maxiter maxfev"),
    _scipy("COBYLA", Uses.COST, Box.TAKEN, "rhobeg tol maxiter"),
    _scipy(
        "COBYQA",
        Uses.COST,
        Box.TAKEN,
        "maxfev maxiter f_target feasibility_tol initial_tr_radius final_tr_radius scale",
    ),
    _scipy("L-BFGS-B", Uses.GRADIENT, Box.TAKEN, "maxcor ftol gtol maxfun maxiter maxls"),
    _scipy(
        "TNC", Uses.GRADIENT, Box.TAKEN, "maxCGit eta stepmx accuracy minfev ftol xtol gtol rescale maxfun"
    ),
    _scipy("SLSQP", Uses.GRADIENT, Box.TAKEN, "maxiter ftol"),
    _scipy("CG", Uses.GRADIENT, Box.NONE, "gtol norm maxiter c1 c2"),
    _scipy("BFGS", Uses.GRADIENT, Box.NONE, "gtol norm maxiter xrtol c1 c2"),
    _scipy(
        "trust-constr",
        Uses.CURVATURE,
        Box.TAKEN,
        "xtol gtol barrier_tol maxiter initial_constr_penalty initial_tr_radius initial_barrier_parameter "
        "initial_barrier_tolerance",
    ),
    _scipy("Newton-CG", Uses.CURVATURE, Box.NONE, "xtol maxiter c1 c2"),
    _scipy("dogleg", Uses.CURVATURE, Box.NONE, _TRUST),
    _scipy("trust-ncg", Uses.CURVATURE, Box.NONE, _TRUST),
    _scipy("trust-exact", Uses.CURVATURE, Box.NONE, _TRUST),
    _scipy("trust-krylov", Uses.CURVATURE, Box.NONE, f"{_TRUST} inexact"),
    _scipy("trf", Uses.RESIDUALS, Box.TAKEN, f"{_LEAST_SQUARES} tr_solver"),
    _scipy("dogbox", Uses.RESIDUALS, Box.TAKEN, f"{_LEAST_SQUARES} tr_solver"),
    _scipy("lm", Uses.RESIDUALS, Box.NONE, _LEAST_SQUARES),
    _scipy(
        "basinhopping",
        Uses.LOCAL,
        Box.TAKEN,
        "niter T stepsize interval niter_success target_accept_rate stepwise_factor seed",
        is_global=True,
    ),
    _scipy(
        "differential_evolution",
        Uses.LOCAL,
        Box.NEEDED,
        "strategy maxiter popsize tol atol mutation recombination init updating polish seed",
        is_global=True,
    ),
    _scipy(
        "dual_annealing",
        Uses.LOCAL,
        Box.NEEDED,
        "maxiter initial_temp restart_temp_ratio visit accept maxfun no_local_search seed",
        is_global=True,
    ),
    _scipy(
        "shgo",
        Uses.LOCAL,
        Box.NEEDED,
        "n iters sampling_method maxiter maxfev maxev maxtime f_min f_tol",
        is_global=True,
    ),
    _scipy(
        "direct",
        Uses.COST,
        Box.NEEDED,
        "eps maxfun maxiter locally_biased f_min f_min_rtol vol_tol len_tol",
        is_global=True,
    ),
)

SCIPY_METHODS: dict[str, MethodForm] = {form.name: form for form in _SCIPY_FORMS}


def _nlopt(uses: Uses, box: Box, names: str, least: int = 1) -> dict[str, MethodForm]:
    is_global = box is Box.NEEDED
    return {name: MethodForm(name, uses, box, least=least, is_global=is_global) for name in names.split()}


NLOPT_METHODS: dict[str, MethodForm] = {
    **_nlopt(Uses.GRADIENT, Box.TAKEN, "LD_LBFGS LD_MMA LD_CCSAQ LD_SLSQP LD_VAR1 LD_VAR2"),
    **_nlopt(Uses.COST, Box.TAKEN, "LN_COBYLA LN_BOBYQA LN_PRAXIS LN_NELDERMEAD LN_SBPLX"),
    **_nlopt(Uses.COST, Box.TAKEN, "LN_NEWUOA_BOUND", least=2),
    **_nlopt(Uses.COST, Box.NONE, "LN_NEWUOA", least=2),
    **_nlopt(Uses.COST, Box.NEEDED, "GN_CRS2_LM GN_ESCH GN_DIRECT GN_DIRECT_L GN_ISRES"),
    **_nlopt(Uses.GRADIENT, Box.NEEDED, "GD_STOGO GD_STOGO_RAND"),
    **_nlopt(Uses.LOCAL, Box.NEEDED, "G_MLSL G_MLSL_LDS"),
}
