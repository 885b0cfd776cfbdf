import numpy as np
import pytest
from array_problems import CASES, ArrayProblem
from scipy.optimize import curve_fit

from hpcfit.solver.covariance import covariance
from hpcfit.solver.problem import Linearisation


def test_same_as_scipy_at_the_minimum():
    random = np.random.default_rng(5)
    t = np.linspace(0, 3, 50)

    def curve(t, a, b, c):
        return a * np.exp(-b * t) + 1e-4 * c

    y = curve(t, 2.0, 1.3, 5e3) + random.normal(scale=0.01, size=50)
    best, expected = curve_fit(curve, t, y, p0=(1.0, 1.0, 1e3), xtol=1e-15, ftol=1e-15)
    problem = ArrayProblem(lambda x: curve(t, *x) - y)
    found, singular = covariance(problem.linearise(best), problem.cost(best), 50)
    assert found == pytest.approx(expected, rel=1e-5)
    equilibrated = problem._jacobian / np.linalg.norm(problem._jacobian, axis=0)
    assert singular == pytest.approx(np.linalg.svd(equilibrated, compute_uv=False), rel=1e-12)


def test_certified_standard_deviations():
    case = CASES["misra1a"]
    problem = ArrayProblem(case.residual)
    x = np.array(case.x)
    matrix, _ = covariance(problem.linearise(x), problem.cost(x), 14)
    assert np.sqrt(np.diag(matrix)) == pytest.approx([2.7070075241, 7.2668688436e-06], rel=1e-6)


def test_undetermined_where_columns_depend_or_residuals_are_few():
    singular_factor = Linearisation(np.array([[1.0, 2.0], [0.0, 0.0]]), np.ones(2))
    matrix, values = covariance(singular_factor, 1.0, 10)
    assert np.isnan(matrix).all() and values[1] == pytest.approx(0.0, abs=1e-15)
    nearly = Linearisation(np.array([[1.0, 2.0], [0.0, 1e-17]]), np.ones(2))
    assert np.isnan(covariance(nearly, 1.0, 10)[0]).all()
    without_column = Linearisation(np.array([[1.0, 0.0], [0.0, 0.0]]), np.ones(2))
    assert np.isnan(covariance(without_column, 1.0, 10)[0]).all()
    regular = Linearisation(np.eye(2), np.ones(2))
    assert np.isnan(covariance(regular, 1.0, 2)[0]).all()
    assert covariance(regular, 1.0, 3)[0] == pytest.approx(np.eye(2))


@pytest.mark.parametrize(("number", "cost"), [(np.nan, 1.0), (1.0, np.inf)])
def test_undetermined_where_the_fit_ended_at_numbers_that_are_not_finite(number, cost):
    matrix, values = covariance(Linearisation(number * np.eye(2), np.ones(2)), cost, 10)
    assert matrix.shape == (2, 2) and np.isnan(matrix).all() and np.isnan(values).all()
