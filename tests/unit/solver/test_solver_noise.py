"""What lies below the noise of the residuals decides nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import GeodesicOptions
from hpcfit.solver.covariance import covariance, spectrum
from hpcfit.solver.geodesic import CONVERGED_COST, STOPPED_FLAT, iterate, start
from hpcfit.solver.noise import WithNoiseFloor, above_noise
from hpcfit.solver.step import Bounds
from hpcfit.solver.triangular import factor_rows, linearisation

NOISE = 1e-10


def linearised(jacobian, residual):
    return linearisation(factor_rows(np.vstack([np.transpose(jacobian), residual])))


def rows(n=6, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, 3)), random.normal(size=n)


def test_nothing_changes_above_the_noise():
    jacobian, residual = rows()
    at = linearised(jacobian * [1e-6, 1.0, 1e6], residual)
    found = above_noise(at, np.array([1e6, 1.0, 1e-6]), NOISE)
    assert found.triangle.tobytes() == at.triangle.tobytes()
    assert found.projection.tobytes() == at.projection.tobytes()
    assert found.rest == at.rest and found.noise == NOISE


def test_a_column_of_rounding_errors_is_zero():
    jacobian, residual = rows()
    at = linearised(jacobian * [1.0, 1e-13, 1.0], residual)
    found = above_noise(at, np.ones(3), NOISE)
    assert not found.triangle[:, 1].any()
    assert np.array_equal(found.triangle[:, [0, 2]], at.triangle[:, [0, 2]])
    # A large parameter of small slope counts: its effect is what counts.
    assert above_noise(at, np.array([1.0, 1e6, 1.0]), NOISE).triangle[:, 1].any()


def test_a_direction_of_rounding_errors_goes_and_the_others_stay():
    jacobian, residual = rows()
    jacobian[:, 2] = jacobian[:, 0] + 2 * jacobian[:, 1]
    exact = linearised(jacobian, residual)
    jacobian[:, 2] += 1e-13 * np.arange(6.0)
    found = above_noise(linearised(jacobian, residual), np.ones(3), NOISE)
    # The last column follows from the others, and its diagonal is exactly zero.
    assert found.triangle[2, 2] == 0.0
    gram = found.triangle.T @ found.triangle
    assert gram == pytest.approx(exact.triangle.T @ exact.triangle, abs=1e-11)
    assert found.gradient == pytest.approx(exact.gradient, abs=1e-11)
    assert found.cost == pytest.approx(exact.cost, rel=1e-12)
    singular, directions = spectrum(found)
    assert singular[2] < 1e-14 and np.abs(directions[2]).min() > 0.1


def test_no_variance_from_rounding_errors():
    jacobian, residual = rows()
    at = replace(linearised(jacobian, 1e-13 * residual), noise=NOISE)
    assert np.isnan(covariance(at, at.cost, 6)).all()
    assert np.isfinite(covariance(replace(at, noise=0.0), at.cost, 6)).all()


class Product:
    """Residuals x0 x1 - 1 and rounding errors beside them."""

    has_gradient = False

    def __init__(self, signs):
        self.signs = np.asarray(signs, dtype=np.float64)

    def _rows(self, x):
        small = 1e-13 * self.signs
        residual = np.concatenate([[x[0] * x[1] - 1.0], small * x[0] * x[1]])
        jacobian = np.vstack([[x[1], x[0]], np.outer(small, [x[1], -x[0]])])
        return residual, jacobian

    def cost(self, x):
        return float((self._rows(x)[0] ** 2).sum())

    def linearise(self, x):
        self.x = x
        residual, jacobian = self._rows(x)
        return linearised(jacobian, residual)

    def second_derivative(self, v, h):
        return self._rows(self.x)[1][0] * 2 * v[0] * v[1]


@pytest.mark.parametrize("signs", [(0, 0), (1, -1), (-1, 3), (50, 20), (-7, -7)])
def test_a_fit_does_not_depend_on_signs_of_rounding_errors(signs):
    x = np.array([2.0, 3.0])
    problem = WithNoiseFloor(Product(signs), NOISE, x)
    *_, end = iterate(
        problem, start(x, problem), Bounds(np.full(2, -np.inf), np.full(2, np.inf)), GeodesicOptions()
    )
    assert end.outcome.startswith("converged")
    assert end.x[0] * end.x[1] == pytest.approx(1.0, abs=1e-9)
    *_, clean = iterate(
        Product((0, 0)), start(x, Product((0, 0))), Bounds(-x * np.inf, x * np.inf), GeodesicOptions()
    )
    assert end.x == pytest.approx(clean.x, rel=1e-3)


class Nothing(Product):
    """Rounding errors alone."""

    def _rows(self, x):
        residual, jacobian = super()._rows(x)
        return residual[1:], jacobian[1:]


def test_residuals_of_rounding_errors_have_no_parameters():
    x = np.array([2.0, 3.0])
    problem = WithNoiseFloor(Nothing((1, -2)), NOISE, x)
    (end,) = iterate(problem, start(x, problem), Bounds(-x * np.inf, x * np.inf), GeodesicOptions())
    assert end.outcome == STOPPED_FLAT
    assert np.array_equal(end.x, x)


def test_no_progress_below_the_noise_is_convergence():
    class Rough(Product):
        def cost(self, x):
            # Rounding errors hide the last decrease.
            return max(super().cost(x), 1e-22) + 1e-24 * float(np.sin(1e9 * x[0]))

    x = np.array([2.0, 3.0])
    problem = WithNoiseFloor(Rough((1, -1)), NOISE, x)
    *_, end = iterate(problem, start(x, problem), Bounds(-x * np.inf, x * np.inf), GeodesicOptions())
    assert end.outcome.startswith("converged") and end.cost <= NOISE**2
    assert CONVERGED_COST.startswith("converged")
