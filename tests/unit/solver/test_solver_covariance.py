import numpy as np
import pytest
from scipy.optimize import curve_fit

from hpcfit.solver.covariance import covariance, spectrum
from hpcfit.solver.problem import Linearisation
from tests.helpers.array_problems import CASES, ArrayProblem


def test_same_as_scipy_at_the_minimum():
    random = np.random.default_rng(5)
    t = np.linspace(0, 3, 50)

    def curve(t, a, b, c):
        return a * np.exp(-b * t) + 1e-4 * c

    y = curve(t, 2.0, 1.3, 5e3) + random.normal(scale=0.01, size=50)
    best, expected = curve_fit(curve, t, y, p0=(1.0, 1.0, 1e3), xtol=1e-15, ftol=1e-15)
    problem = ArrayProblem(lambda x: curve(t, *x) - y)
    at = problem.linearise(best)
    found, (singular, directions) = covariance(at, problem.cost(best), 50), spectrum(at)
    assert found == pytest.approx(expected, rel=1e-5)
    equilibrated = problem._jacobian / np.linalg.norm(problem._jacobian, axis=0)
    assert singular == pytest.approx(np.linalg.svd(equilibrated, compute_uv=False), rel=1e-12)
    assert np.linalg.norm(equilibrated @ directions.T, axis=0) == pytest.approx(singular, rel=1e-11)


def test_certified_standard_deviations():
    case = CASES["misra1a"]
    problem = ArrayProblem(case.residual)
    x = np.array(case.x)
    matrix = covariance(problem.linearise(x), problem.cost(x), 14)
    assert np.sqrt(np.diag(matrix)) == pytest.approx([2.7070075241, 7.2668688436e-06], rel=1e-6)


def test_what_depends_is_undetermined_and_the_rest_is_not():
    random = np.random.default_rng(3)
    columns = random.normal(size=(30, 5))
    columns[:, 3] = 2.0 * columns[:, 1]
    problem = ArrayProblem(lambda x: columns @ x - 1.0)
    found = covariance(problem.linearise(np.zeros(5)), 3.0, 30)
    assert np.isnan(found[[1, 3]]).all() and np.isnan(found[:, [1, 3]]).all()
    kept = columns[:, [0, 1, 2, 4]]
    expected = 3.0 / (30 - 4) * np.linalg.inv(kept.T @ kept)[np.ix_([0, 2, 3], [0, 2, 3])]
    assert found[np.ix_([0, 2, 4], [0, 2, 4])] == pytest.approx(expected, rel=1e-12)


def test_what_is_held_counts_as_known():
    columns = np.random.default_rng(4).normal(size=(20, 3))
    problem = ArrayProblem(lambda x: columns @ x - 1.0)
    found = covariance(problem.linearise(np.zeros(3)), 2.0, 20, np.array([False, True, False]))
    assert np.isnan(found[1]).all() and np.isnan(found[:, 1]).all()
    kept = columns[:, [0, 2]]
    assert found[np.ix_([0, 2], [0, 2])] == pytest.approx(2.0 / 18 * np.linalg.inv(kept.T @ kept), rel=1e-12)


def test_undetermined_where_columns_vanish_or_residuals_are_few():
    without_column = Linearisation(np.array([[1.0, 0.0], [0.0, 0.0]]), np.ones(2))
    matrix = covariance(without_column, 1.0, 10)
    assert matrix[0, 0] == pytest.approx(1.0 / 9) and np.isnan(matrix[[0, 1, 1], [1, 0, 1]]).all()
    assert spectrum(without_column)[0] == pytest.approx([1.0, 0.0])
    nearly = Linearisation(np.array([[1.0, 2.0], [0.0, 1e-17]]), np.ones(2))
    assert np.isnan(covariance(nearly, 1.0, 10)).all()
    regular = Linearisation(np.eye(2), np.ones(2))
    assert np.isnan(covariance(regular, 1.0, 2)).all()
    assert covariance(regular, 1.0, 3) == pytest.approx(np.eye(2))


@pytest.mark.parametrize(("number", "cost"), [(np.nan, 1.0), (1e200, 1.0), (1.0, np.inf)])
def test_undetermined_where_the_fit_ended_at_numbers_that_are_not_finite(number, cost):
    at = Linearisation(number * np.eye(2), np.ones(2))
    assert np.isnan(covariance(at, cost, 10)).all()
    assert np.isnan(spectrum(at)[0]).all() == (number != 1.0)
