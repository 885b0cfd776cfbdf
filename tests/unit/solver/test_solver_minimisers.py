"""Every method of SciPy and NLopt on small least-squares problems: all pairs of two tables."""

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import (
    GeodesicOptions,
    NloptOptions,
    ScipyOptions,
    SpaOptions,
    Uses,
)
from hpcfit.solver import geodesic
from hpcfit.solver.minimisers import iterate, minimisers
from hpcfit.solver.step import Bounds
from tests.helpers.array_problems import CASES, ArrayProblem
from tests.helpers.minimiser_cases import FORMS, METHODS, SCIPY_METHODS, box_of, fit, same

# SciPy warns of options that it does not know, and of steps out of bounds.
pytestmark = pytest.mark.filterwarnings("error")

#: Sum of squares that a method reaches from the usual start in its evaluations here, where that is not 1e-6.
REACHED = {
    ("rosenbrock", "COBYLA"): 4.1,
    ("rosenbrock", "LD_MMA"): 0.7,
    ("rosenbrock", "LD_CCSAQ"): 0.1,
    ("rosenbrock", "LN_COBYLA"): 0.4,
    ("beale", "COBYLA"): 2e-4,
    ("beale", "LN_COBYLA"): 1e-4,
    ("beale", "SLSQP"): 1e-5,
    # Newton's Hessian is singular at the start.
    ("beale", "dogleg"): 15.0,
    # The end of a ridge in the corner of the box.
    ("beale", "LN_PRAXIS"): 0.9,
    ("beale", "GN_CRS2_LM"): 0.9,
    **{
        (case, name): 0.5 for case in ("rosenbrock", "beale") for name in ("GN_ESCH", "GN_ISRES", "GN_DIRECT")
    },
    **{
        ("rosenbrock", name): 1e-4
        for name in ("direct", "GD_STOGO", "GD_STOGO_RAND", "GN_CRS2_LM", "GN_DIRECT_L")
    },
}


@pytest.mark.parametrize("case", ["rosenbrock", "beale"])
@pytest.mark.parametrize("name", METHODS)
def test_every_method_on_every_problem(name, case):
    options = METHODS[name]
    problem, states = fit(options, case)
    last = states[-1]
    assert last.cost <= REACHED.get((case, name), 1e-6)
    assert last.outcome.startswith(
        ("converged: ", "stopped: evaluation", "stopped: iteration", "stopped: no pro")
    )
    assert not any(s.outcome for s in states[:-1])
    # The best point is kept, and is what it is said to be.
    costs = [s.cost for s in states]
    assert costs == sorted(costs, reverse=True)
    r = CASES[case].residual(last.x)
    assert last.cost == pytest.approx(r @ r, rel=1e-12, abs=1e-28)  # rounding of QR
    box = box_of(options, 2)
    assert all(np.all((box.lower <= x) & (x <= box.upper)) for x in problem.asked)
    # Counters and iterations go on, one at a time.
    steps = np.diff([s.iteration for s in states])
    assert (set(steps) <= {0, 1} and last.iteration > 0) or last.outcome == "stopped: no progress"
    assert last.n_costs + last.n_linearisations + last.n_second_derivatives == len(problem.asked)


@pytest.mark.parametrize("name", [*FORMS])
def test_a_method_asks_for_no_more_than_it_uses(name):
    _, states = fit(METHODS[name])
    uses, last = FORMS[name].uses, states[-1]
    if uses is Uses.COST:
        assert last.n_linearisations == 0
    elif uses is not Uses.LOCAL and name not in ("LD_SLSQP",):
        assert last.n_costs == 1


@pytest.mark.parametrize("name", METHODS)
def test_stopping_early_ends_the_method(name):
    """A state comes at least with every tenth evaluation, and nothing is asked after the generator is closed."""
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    x = np.array(CASES["rosenbrock"].start)
    generator = iterate(problem, geodesic.start(x, problem), box_of(METHODS[name], 2), METHODS[name])
    for _ in range(3):
        before = len(problem.asked)
        next(generator)
        assert len(problem.asked) - before <= 12
    asked = len(problem.asked)
    generator.close()
    assert len(problem.asked) == asked
    assert next(generator, None) is None


@pytest.mark.parametrize(("number", "error"), [(3, ValueError), (12, KeyboardInterrupt)])
@pytest.mark.parametrize("name", METHODS)
def test_an_error_of_the_problem_is_not_lost(name, number, error):
    class Failing(ArrayProblem):
        def _at(self, x):
            if len(self.asked) == number - 1:
                raise error("here")
            return super()._at(x)

    problem = Failing(CASES["rosenbrock"].residual)
    with pytest.raises(error, match="here"):
        fit(METHODS[name], problem=problem)
    assert len(problem.asked) == number - 1


def seeded(name, seed):
    options = METHODS[name]
    if isinstance(options, ScipyOptions):
        return replace(options, options=(*options.options, ("seed", seed)))
    return replace(options, seed=seed)


@pytest.mark.parametrize(
    "name",
    ["basinhopping", "differential_evolution", "dual_annealing", "GN_CRS2_LM", "GN_ESCH", "G_MLSL", "spa"],
)
def test_a_seed_gives_the_same_fit_twice_and_another_one_another(name):
    (_, one), (_, again), (_, other) = (fit(seeded(name, seed)) for seed in (1, 1, 2))
    same(one, again)
    assert [s.x.tobytes() for s in one] != [s.x.tobytes() for s in other]
    same(fit(METHODS[name])[1], fit(seeded(name, 0))[1])


def test_every_option_is_known_to_scipy():
    values = {
        "not-negative": 1e-3,
        "positive": 0.4,
        "above-one": 2.0,
        "count": 4,
        "boolean": True,
        "number": -6.0,
    }
    values |= {"seed": 3, "between-zero-and-one": 0.3, "from-zero-to-one": 0.2}
    options = {option.name: option.allowed for form in minimisers() for option in form.options}
    for name, form in SCIPY_METHODS.items():
        kinds = {option: options[option] for option in form.options}
        given = {o: k[0] if isinstance(k, tuple) else values[k] for o, k in kinds.items()}
        given |= {o: v for o, v in {"max_trust_radius": 2.0, "c1": 1e-3}.items() if o in given}
        assert fit(ScipyOptions(name, tuple(given.items())))[1][-1].outcome


def test_least_squares_sees_the_residual_itself():
    """The small residual [q; rest] takes SciPy's methods the way of the whole one, to rounding."""
    from scipy.optimize import least_squares

    case = CASES["misra1a"]
    problem = ArrayProblem(case.residual)
    for name in ("trf", "dogbox", "lm"):
        asked = []

        def residual(x, asked=asked):
            asked.append(x.copy())
            return case.residual(x)

        def jacobian(x):
            problem.linearise(x)
            return problem._jacobian

        least_squares(residual, case.start, jac=jacobian, method=name)
        start, box = np.array(case.start), Bounds(np.full(2, -np.inf), np.full(2, np.inf))
        small, states = fit(ScipyOptions(name, ()), "misra1a", start=start, box=box)
        assert len(small.asked) - 1 == len(asked)
        # Rounding of QR at the condition 1e6 of the problem; the last steps are made of nothing else.
        assert np.allclose(small.asked[1:-2], asked[:-2], rtol=1e-7, atol=0)
        assert states[-1].cost == pytest.approx(case.cost, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        (ScipyOptions("L-BFGS-B", (("maxiter", 3),)), "stopped: iteration limit"),
        (ScipyOptions("L-BFGS-B", (("maxfun", 3),)), "stopped: evaluation limit"),
        (ScipyOptions("L-BFGS-B", (("gtol", 0.0), ("ftol", 1e-3))), "converged: cost"),
        (ScipyOptions("L-BFGS-B", (("gtol", 1e-2),)), "converged: gradient"),
        (ScipyOptions("Nelder-Mead", (("maxiter", 3),)), "stopped: iteration limit"),
        (ScipyOptions("Nelder-Mead", (("maxfev", 9),)), "stopped: evaluation limit"),
        (ScipyOptions("TNC", (("maxfun", 9),)), "stopped: evaluation limit"),
        (ScipyOptions("SLSQP", (("maxiter", 3),)), "stopped: iteration limit"),
        (ScipyOptions("COBYQA", (("maxfev", 9),)), "stopped: evaluation limit"),
        (ScipyOptions("COBYQA", (("f_target", 0.1),)), "converged: goal"),
        (ScipyOptions("direct", (("f_min", 1.0), ("f_min_rtol", 0.5))), "converged: goal"),
        (ScipyOptions("trust-exact", (("maxiter", 3),)), "stopped: iteration limit"),
        (ScipyOptions("trf", (("max_nfev", 3),)), "stopped: evaluation limit"),
        (ScipyOptions("trf", (("gtol", 1e-15), ("xtol", 0.1))), "converged: step"),
        (ScipyOptions("dual_annealing", (("maxiter", 3),)), "stopped: iteration limit"),
        (
            ScipyOptions("differential_evolution", (("maxiter", 2), ("polish", False))),
            "stopped: iteration limit",
        ),
        (ScipyOptions("direct", (("maxfun", 30),)), "stopped: evaluation limit"),
        (NloptOptions("LD_LBFGS", maxeval=4), "stopped: evaluation limit"),
        (NloptOptions("LN_SBPLX", stopval=1e-3), "converged: goal"),
        (NloptOptions("LD_LBFGS", ftol_rel=0.1), "converged: cost"),
        (NloptOptions("LN_SBPLX", xtol_rel=0.1), "converged: step"),
        (NloptOptions("GN_ESCH", maxeval=10**8, maxtime=0.05), "stopped: time limit"),
        (SpaOptions(GeodesicOptions(max_iter=2), max_iter=1), "stopped: iteration limit"),
    ],
)
def test_outcomes_have_the_names_of_all_minimisers(options, outcome):
    assert fit(options)[1][-1].outcome == outcome


@pytest.mark.parametrize("name", METHODS)
def test_points_without_a_finite_answer_are_walked_around(name):
    """No cost left of a curve that is between most starts and the minimum's neighbourhood."""

    def residual(x):
        bad = x[0] < -1.5 or x[1] > 3.5
        return np.array([np.nan, np.nan]) if bad else CASES["rosenbrock"].residual(x)

    _, states = fit(METHODS[name], problem=ArrayProblem(residual))
    assert all(np.isfinite(s.cost) for s in states)
    assert states[-1].cost <= 4.0 < states[0].cost


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith("spa")])
def test_a_start_that_is_not_finite_is_an_outcome(name):
    _, states = fit(METHODS[name], problem=ArrayProblem(lambda x: CASES["rosenbrock"].residual(x) * np.nan))
    assert [s.outcome for s in states] == ["", "stopped: not finite"]


@pytest.mark.parametrize("name", ["L-BFGS-B", "trust-exact", "trf", "LD_LBFGS", "LD_VAR1", "GD_STOGO"])
def test_a_jacobian_that_is_not_finite_at_the_start_is_an_outcome(name):
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    linearise, gradient = problem.linearise, problem.gradient
    problem.linearise = lambda x: replace(linearise(x), triangle=np.full((2, 2), np.nan))
    problem.gradient = lambda x: (gradient(x)[0], np.full(2, np.nan))
    # STOGO starts elsewhere.
    start = (0.5, 0.5) if name == "GD_STOGO" else None
    assert fit(METHODS[name], problem=problem, start=start)[1][-1].outcome == "stopped: not finite"


@pytest.mark.parametrize("name", ["L-BFGS-B", "trf", "LN_BOBYQA", "Nelder-Mead"])
def test_going_on_from_a_state_counts_on(name):
    _, states = fit(METHODS[name])
    middle = states[len(states) // 2]
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    later = list(iterate(problem, middle, box_of(METHODS[name], 2), METHODS[name]))
    assert later[0].iteration in (middle.iteration, middle.iteration + 1)
    assert later[-1].cost <= 1e-6 and later[-1].iteration > middle.iteration
    counts = [s.n_costs + s.n_linearisations for s in (middle, later[-1])]
    assert counts[1] - counts[0] == len(problem.asked)
    assert list(iterate(problem, later[-1], box_of(METHODS[name], 2), METHODS[name])) == []


@pytest.mark.parametrize(("size", "outcome"), [(1e-13, "converged: cost"), (1e-3, "stopped: no progress")])
def test_a_perfect_fit_has_converged(size, outcome):
    """Where rounding ends a line search, and nothing that could still be gained counts for the method's own rule."""
    problem = ArrayProblem(lambda x: size * np.append(1.0 + x, x[0]))
    linearise, gradient = problem.linearise, problem.gradient
    problem.linearise = lambda x: replace(linearise(x), triangle=-linearise(x).triangle)
    problem.gradient = lambda x: (gradient(x)[0], -gradient(x)[1])
    # as <BFGS conv-threshold="1e-5"/>
    options = ScipyOptions("L-BFGS-B", (("ftol", 1e-5 * np.finfo(float).eps), ("gtol", 0.0)))
    assert fit(options, problem=problem, start=(1.0, 1.0))[1][-1].outcome == outcome
