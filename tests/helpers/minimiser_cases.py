"""Every method of SciPy and NLopt with short limits, and fits of them."""

import numpy as np

from hpcfit.records import Box, GeodesicOptions, NloptOptions, ScipyOptions, SpaOptions
from hpcfit.solver import geodesic
from hpcfit.solver.minimisers import iterate, minimisers
from hpcfit.solver.step import Bounds
from tests.helpers.array_problems import CASES, ArrayProblem

METHODS_OF = {form.name: {m.name: m for m in form.methods} for form in minimisers()}
SCIPY_METHODS, NLOPT_METHODS = METHODS_OF["scipy"], METHODS_OF["nlopt"]

LOCAL = NloptOptions("LD_LBFGS", maxeval=100)

SHORT = {
    "COBYLA": (("maxiter", 300),),
    "basinhopping": (("niter", 5),),
    "differential_evolution": (("maxiter", 30), ("popsize", 6)),
    "dual_annealing": (("maxiter", 50),),
    "direct": (("maxfun", 800),),
}
METHODS = {
    **{name: ScipyOptions(name, SHORT.get(name, ())) for name in SCIPY_METHODS},
    **{
        name: NloptOptions(name, maxeval=800, local=LOCAL if form.nests else None)
        for name, form in NLOPT_METHODS.items()
    },
    "spa": SpaOptions(GeodesicOptions(), max_iter=3),
    "spa of L-BFGS-B": SpaOptions(ScipyOptions("L-BFGS-B", ()), max_iter=3),
}
FORMS = SCIPY_METHODS | NLOPT_METHODS


def box_of(options, n, low=-3.0, high=4.0):
    form = FORMS.get(getattr(options, "method", ""))
    low, high = (-np.inf, np.inf) if form and form.box is Box.NONE else (low, high)
    return Bounds(np.full(n, low), np.full(n, high))


def fit(options, case="rosenbrock", problem=None, start=None, box=None):
    """Return the problem and all states from the first on."""
    problem = problem or ArrayProblem(CASES[case].residual)
    x = np.array(CASES[case].start if start is None else start, dtype=float)
    first = geodesic.start(x, problem)
    return problem, [first, *iterate(problem, first, box or box_of(options, len(x)), options)]


def same(one, other):
    assert [s.x.tobytes() for s in one] == [s.x.tobytes() for s in other]
    assert [s.outcome for s in one] == [s.outcome for s in other]
