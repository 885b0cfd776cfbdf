import numpy as np
import pytest

from hpcfit.records import GeodesicOptions, Parameter
from hpcfit.solver.geodesic import iterate, start
from hpcfit.solver.priors import with_priors
from hpcfit.solver.step import Bounds
from tests.helpers.array_problems import ArrayProblem

INF = np.inf
FREE = (
    Parameter("P.a", "", 1.0, -INF, INF, True, prior_mean=0.5, prior_sigma=0.1),
    Parameter("P.b", "", 1.0, -INF, INF, True),
    Parameter("P.c", "", 1.0, -INF, INF, True, "log", prior_mean=2.0, prior_sigma=0.5),
)
#: Two residuals for three variables, which leave one direction open.
X = np.array([0.3, -0.2, 0.4])


def residual(x):
    return np.array([x[0] * x[1] + np.exp(x[2]), np.sin(x[1]) - 0.3])


def curves(x):
    value = np.array([x[0], x[1], np.exp(x[2])])
    return value, np.array([1.0, 1.0, value[2]]), np.array([0.0, 0.0, value[2]])


def whole(x):
    """The same rows written out."""
    return np.concatenate([residual(x), [(x[0] - 0.5) / 0.1, (np.exp(x[2]) - 2.0) / 0.5]])


def test_the_same_as_rows_of_the_residual():
    problem, expected = with_priors(ArrayProblem(residual), FREE, curves), ArrayProblem(whole)
    assert problem.cost(X) == pytest.approx(expected.cost(X), rel=1e-14)
    found, at = problem.linearise(X), expected.linearise(X)
    assert found.triangle == pytest.approx(at.triangle, abs=1e-14)
    assert found.projection == pytest.approx(at.projection, abs=1e-14)
    assert found.rest == pytest.approx(at.rest, abs=1e-14)
    cost, gradient = problem.gradient(X)
    assert cost == pytest.approx(expected.cost(X), rel=1e-14)
    assert gradient == pytest.approx(at.gradient, rel=1e-13)


def test_the_second_derivative_is_exact():
    problem, bare = with_priors(ArrayProblem(residual), FREE, curves), ArrayProblem(residual)
    v = np.array([0.7, -0.1, 0.9])
    problem.linearise(X), bare.linearise(X)
    own = problem.second_derivative(v, 0.1) - bare.second_derivative(v, 0.1)
    # By differences of the first derivative along v, which lose half of the digits.
    rows = [(curves(X + t * v)[1] - curves(X)[1]) / t for t in (1e-7,)]
    second = rows[0] * v / np.array([0.1, INF, 0.5])
    assert own == pytest.approx(curves(X)[1] / np.array([0.1, INF, 0.5]) * second, rel=1e-5, abs=1e-9)
    assert own[2] != 0.0


def test_a_prior_decides_where_the_data_do_not():
    def data(x):
        return np.array([x[0] + x[1] - 3.0, 2.0 * (x[0] + x[1]) - 6.0])

    free = (FREE[0], Parameter("P.b", "", 1.0, -INF, INF, True))
    problem = with_priors(ArrayProblem(data), free, lambda x: (x, np.ones(2), np.zeros(2)))
    bounds = Bounds(np.full(2, -INF), np.full(2, INF))
    *_, last = iterate(problem, start(np.array([1.0, 1.0]), problem), bounds, GeodesicOptions())
    assert last.outcome.startswith("converged")
    assert last.x == pytest.approx([0.5, 2.5], rel=1e-8)


def test_what_is_not_finite_stays_so():
    problem = with_priors(ArrayProblem(lambda x: x[:2] * np.nan), FREE, curves)
    assert np.isnan(problem.linearise(X).triangle).all()
    assert not np.isfinite(problem.cost(X))
    overflow = with_priors(ArrayProblem(residual), FREE, lambda x: (x * INF, x * INF, x))
    assert np.isnan(overflow.linearise(X).triangle).all()


def test_nothing_without_priors():
    problem = ArrayProblem(residual)
    assert with_priors(problem, FREE[1:2], curves) is problem
