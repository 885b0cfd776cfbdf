import numpy as np
import pytest

from hpcfit.objective.variables import Variables
from hpcfit.records import Parameter

INF = np.inf
PARAMETERS = (
    Parameter("P.fixed", "eV", 3.0, -INF, INF, False),
    Parameter("P.plain", "eV", -1.0, -2.0, 5.0, True),
    Parameter("P.log", "eV", 2.0, -INF, 8.0, True, "log"),
    Parameter("P.bounded-log", "eV", 2.0, 0.5, INF, True, "log"),
    Parameter("P.logit", "eV", 1.5, 1.0, 3.0, True, "logit"),
    Parameter("P.disabled", "eV", 1.5, 1.0, 3.0, False, "logit"),
)


@pytest.fixture
def variables():
    lower = np.array([p.minimum for p in PARAMETERS])
    upper = np.array([p.maximum for p in PARAMETERS])
    return Variables(PARAMETERS, lower, upper, ())


def test_start_and_bounds_are_those_of_the_variables(variables):
    np.testing.assert_allclose(variables.start, [-1.0, np.log(2), np.log(2), np.log(0.5 / 1.5)])
    np.testing.assert_allclose(variables.lower, [-2.0, -INF, np.log(0.5), -INF])
    np.testing.assert_allclose(variables.upper, [5.0, np.log(8), INF, INF])
    assert not variables.are_parameters


def test_parameters_of_the_start_are_the_start(variables):
    found = variables.parameters(variables.start)
    np.testing.assert_allclose(found, [p.start for p in PARAMETERS], rtol=1e-15)


@pytest.mark.filterwarnings("error")
def test_logit_stays_within_its_bounds_however_far(variables):
    for far in (-1e4, 1e4):
        value = variables.parameters(np.array([0.0, 0.0, 0.0, far]))[4]
        assert value == (1.0 if far < 0 else 3.0)


def test_jacobian_against_differences(variables):
    x = variables.start + 0.3
    jacobian = variables.jacobian(x)
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-5
        change = variables.parameters(x + step) - variables.parameters(x - step)
        np.testing.assert_allclose(jacobian[:, k], change[1:5] / 2e-5, rtol=1e-9, atol=1e-12)


def test_curves_against_differences(variables):
    x, step = variables.start + 0.3, 1e-5
    value, slope, curvature = variables.curves(x)
    assert list(value) == list(variables.parameters(x)[1:5])
    assert slope == pytest.approx(np.diag(variables.jacobian(x)), rel=1e-15)
    change = variables.curves(x + step)[1] - variables.curves(x - step)[1]
    np.testing.assert_allclose(curvature, change / (2 * step), rtol=1e-8, atol=1e-12)


def test_plain_parameters_are_the_variables():
    assert Variables(PARAMETERS[:2], np.array([-INF, -2.0]), np.array([INF, 5.0]), ()).are_parameters


def test_variables_at_given_parameters(variables):
    free = np.array([2.0, 3.0, 0.75, 2.75])
    x = variables.at(free)
    np.testing.assert_allclose(x, [2.0, np.log(3.0), np.log(0.75), np.log(1.75 / 0.25)], rtol=1e-15)
    np.testing.assert_allclose(variables.free(x), free, rtol=1e-15)
    # of exp(x), and of 1 + 2/(1 + exp(-x))
    np.testing.assert_allclose(variables.slopes(x), [1.0, 3.0, 0.75, 1.75 * 0.25 / 2.0], rtol=1e-14)
