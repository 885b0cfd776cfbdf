"""The problem as a method of a library sees it: exact answers, walls, what counts as news, and how it ends."""

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import GeodesicOptions
from hpcfit.solver import geodesic
from hpcfit.solver.external_minimiser import ExternalProblem, run_external
from hpcfit.solver.step import Bounds
from tests.helpers.array_problems import CASES, ArrayProblem, jacobian_of
from tests.helpers.minimiser_cases import METHODS, box_of, fit


def watching(problem, x, keeps_bounds=True):
    box = Bounds(np.array([-2.0, -0.3]), np.array([np.inf, np.inf]))
    return ExternalProblem(
        problem, geodesic.start(np.array(x), problem), box, keeps_bounds, by_improvement=True
    )


def test_value_gradient_and_curvature_are_exact():
    residual = CASES["beale"].residual
    problem = ArrayProblem(residual)
    x = np.array([1.3, 0.2])
    external = ExternalProblem(
        problem, geodesic.start(x, problem), box_of(None, 2), keeps_bounds=True, by_improvement=True
    )
    step = 1e-30
    r, jacobian = residual(x), jacobian_of(residual, x)
    slopes = [np.imag(np.sum(residual(x + 1j * step * unit) ** 2)) / step for unit in np.eye(2)]
    # Rounding of QR.
    assert external.value(x) == pytest.approx(external.cost(x), rel=1e-14) == pytest.approx(r @ r, rel=1e-14)
    assert np.allclose(external.gradient(x), slopes, rtol=1e-13)
    assert np.allclose(external.curvature(x), 2 * jacobian.T @ jacobian, rtol=1e-13)
    # One question for value and gradient, one for the curvature, which alone needs a Jacobian.
    assert external.state.n_linearisations == 2


def test_without_a_gradient_of_its_own_a_problem_is_asked_for_one_linearisation():
    problem = ArrayProblem(CASES["rosenbrock"].residual, has_gradient=False)
    external, x = watching(problem, (-1.2, 1.0)), np.array([0.4, -0.3])
    at = external.linearise(x)
    assert external.value(x) == at.cost
    assert np.array_equal(external.gradient(x), 2.0 * at.gradient)
    assert external.state.n_linearisations == 1


def test_what_is_outside_is_a_wall_for_a_method_without_bounds():
    """As the limits of a potential are, which the job does not set; for others the edge of the box is near enough."""
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    external, clipped = (watching(problem, (-1.2, 1.0), keeps) for keeps in (False, True))
    outside = np.array([-2.5, 1.0])
    assert external.cost(outside) == pytest.approx(10 * external.state.cost)
    assert (
        external.value(outside) == pytest.approx(10 * external.state.cost)
        and not external.gradient(outside).any()
    )
    assert len(problem.asked) == 2
    assert clipped.cost(outside) == problem.cost(np.array([-2.0, 1.0]))


def test_methods_without_bounds_turn_round_at_the_wall():
    box = Bounds(np.array([-2.0, -0.3]), np.array([np.inf, np.inf]))
    for name in ("CG", "BFGS", "lm", "LN_NEWUOA", "trust-ncg"):
        problem, states = fit(METHODS[name], box=box)
        assert all(np.all(x >= box.lower) for x in problem.asked) and states[-1].cost < 1e-6


def test_a_start_that_comes_out_lower_by_rounding_is_no_iteration():
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    gradient = problem.gradient
    problem.gradient = lambda x: (gradient(x)[0] * (1 - 1e-15), gradient(x)[1])
    external = watching(problem, (-1.2, 1.0))
    first = external.state
    assert external.value(first.x) < first.cost
    assert (external.state.iteration, external.state.cost) == (0, first.cost)


@pytest.mark.parametrize(
    ("x", "outcome"), [(None, "converged: gradient angle"), ((1.0, 0.9), "stopped: no progress")]
)
def test_no_progress_at_a_minimum_is_convergence(x, outcome):
    """As where rounding ends a line search."""
    problem = ArrayProblem(lambda x: np.append(CASES["rosenbrock"].residual(x), 2.0 + 0.5 * x))
    start = (-1.2, 1.0) if x is None else x
    _, states = fit(GeodesicOptions(cost_tolerance=0.0), problem=problem, start=start)
    first = states[-1 if x is None else 0]
    external = ExternalProblem(
        problem, replace(first, outcome=""), box_of(None, 2), keeps_bounds=True, by_improvement=True
    )
    last = list(run_external(lambda _: geodesic.STOPPED_NO_PROGRESS, external))[-1]
    assert last.outcome == outcome and (last.angle < 1e-5) == (x is None)


def test_no_progress_without_a_finite_jacobian():
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    linearise = problem.linearise
    problem.linearise = lambda x: replace(linearise(x), triangle=np.full((2, 2), np.nan))
    states = list(run_external(lambda _: geodesic.STOPPED_NO_PROGRESS, watching(problem, (-1.2, 1.0))))
    assert [s.outcome for s in states] == ["stopped: not finite"]


@pytest.mark.parametrize("part", ["triangle", "projection"])
def test_a_linearisation_of_which_one_part_is_not_finite_is_a_wall(part):
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    watched = watching(problem, (-1.2, 1.0))
    linearise = problem.linearise
    problem.linearise = lambda x: replace(
        linearise(x), **{part: np.full_like(getattr(linearise(x), part), np.nan)}
    )
    at = watched.linearise(np.array([-1.0, 1.0]))
    assert at.cost == pytest.approx(10 * watched.state.cost)
    assert not at.gradient.any()


@pytest.mark.parametrize("part", [0, 1])
def test_a_gradient_of_which_one_part_is_not_finite_is_a_wall(part):
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    watched = watching(problem, (-1.2, 1.0))
    gradient = problem.gradient
    problem.gradient = lambda x: tuple(
        np.nan * found if k == part else found for k, found in enumerate(gradient(x))
    )
    elsewhere = np.array([-1.0, 1.0])
    assert watched.value(elsewhere) == pytest.approx(10 * watched.state.cost)
    assert not watched.gradient(elsewhere).any()


@pytest.mark.parametrize("method", ["L-BFGS-B", "trf", "LD_LBFGS"])
def test_a_fit_on_which_no_parameter_has_an_effect_has_not_converged(method):
    problem = ArrayProblem(lambda x: np.array([1.0 + 0 * x[0], 2.0 + 0 * x[1]]))
    assert fit(METHODS[method], problem=problem, start=(1.0, 1.0))[1][-1].outcome == geodesic.STOPPED_FLAT
