"""Every solver of the scoreboard runs, and the fits of potentials are what they say."""

import gsl_solvers
import numpy as np
import potential_cases
import pytest
import scipy_solvers
from cases import Case
from sets import SOLVERS
from table import run

needs_data = pytest.mark.skipif(not potential_cases.DATA.exists(), reason="needs ../shared/data")


def _line(x):
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


#: Rosenbrock's function.
BANANA = Case("banana", _line, np.array([-1.2, 1.0]), goal=1e-20)


@pytest.mark.parametrize("name", SOLVERS)
def test_solver(name):
    if name.startswith("gsl") and gsl_solvers.harness() is None:
        pytest.skip("GSL's headers are not here")
    found = run(SOLVERS[name].solve, BANANA)
    assert not found.error
    assert found.jacobians is not None
    assert found.jacobians <= 60


def test_gradient_solver():
    found = run(scipy_solvers.solve_gradient, BANANA)
    assert not found.error
    assert found.jacobians is not None


def test_solvers_without_bounds_are_known():
    assert {name for name, solver in SOLVERS.items() if not solver.bounds} == {
        name for name in SOLVERS if name.startswith(("gsl", "scipy-lm"))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("potentials")
    potential_cases.import_data(folder)
    return folder


@needs_data
@pytest.mark.parametrize("name", potential_cases.FAMILIES)
def test_potential(name, folder):
    family = potential_cases.FAMILIES[name]
    objective = potential_cases.Objective(name, folder)
    x = objective.published
    has_offset = not (family.recovered or family.job)
    assert len(x) == len(family.factors) + len(family.ranges) + has_offset
    r = objective.residual(x)
    if family.recovered:
        assert not r.any()
    direction, h = np.cos(np.arange(len(x))), 1e-5
    slope = (objective.residual(x + h * direction) - objective.residual(x - h * direction)) / (2 * h)
    exact = objective.jacobian(x) @ direction
    # Central differences: h^2 times a third derivative a hundred times the first.
    assert np.abs(slope - exact).max() <= 1e-7 * np.abs(exact).max()

    cases = potential_cases.cases(name, objective, 5, seed=1)
    starts = np.array([case.start for case in cases])
    assert len(np.unique(starts[:, 0])) == 5
    for path, column, published in zip(objective.paths, starts.T, x, strict=True):
        key = path.split(".")[-1]
        if key in family.factors:
            assert np.abs(column - published).max() <= np.log(family.factors[key])
            # A Latin hypercube of five has a start in every fifth of the range.
            assert np.ptp(column) >= 1.2 * np.log(family.factors[key])
    found = run(SOLVERS["hpcfit"].solve, cases[0])
    assert not found.error
    assert found.jacobians == found.n_jacobians + 1
