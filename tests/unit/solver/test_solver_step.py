import numpy as np
import pytest
from scipy.optimize import lsq_linear

from hpcfit.solver.problem import Linearisation
from hpcfit.solver.step import Bounds, damped_step

INF = np.inf


def system(n, seed):
    """A linearisation with its J and r, D and lambda."""
    random = np.random.default_rng(seed)
    jacobian, residual = (
        random.normal(size=(4 * n, n)) * 10.0 ** random.uniform(-2, 2, n),
        random.normal(size=4 * n),
    )
    orthogonal, triangle = np.linalg.qr(jacobian)
    at = Linearisation(triangle, orthogonal.T @ residual)
    return jacobian, residual, at, np.linalg.norm(jacobian, axis=0), 10.0 ** random.uniform(-3, 1)


def model(at, scale, damping, v):
    return ((at.triangle @ v + at.projection) ** 2).sum() + damping * ((scale * v) ** 2).sum()


@pytest.mark.parametrize("seed", range(5))
def test_without_bounds_it_is_the_damped_least_squares_solution(seed):
    jacobian, residual, at, scale, damping = system(5, seed)
    everywhere = Bounds(np.full(5, -INF), np.full(5, INF))
    step = damped_step(at, scale, damping, np.zeros(5), everywhere, np.ones(5, dtype=bool))
    stacked = np.vstack([jacobian, np.sqrt(damping) * np.diag(scale)])
    expected = lsq_linear(stacked, -np.concatenate([residual, np.zeros(5)]), method="bvls").x
    assert step.v == pytest.approx(expected, rel=1e-9)
    assert step.free.all()
    bend = np.random.default_rng(seed).normal(size=5)
    half = -0.5 * np.linalg.solve(stacked.T @ stacked, bend)
    assert step.second_order(bend) == pytest.approx(half, rel=1e-8)


@pytest.mark.parametrize("seed", range(40))
def test_with_bounds_it_stays_inside_and_lowers_the_model(seed):
    _, _, at, scale, damping = system(6, seed)
    random = np.random.default_rng(100 + seed)
    x = random.normal(size=6)
    width = random.uniform(0, 1, size=(2, 6)) / scale * random.choice([0.0, 0.01, 1.0, INF], size=(2, 6))
    bounds = Bounds(x - np.nan_to_num(width[0], nan=0.0), x + np.nan_to_num(width[1], nan=0.0))
    movable = bounds.movable(x, at.gradient)
    step = damped_step(at, scale, damping, x, bounds, movable)
    # v is cut to the room there is: rounding of x + v is for `clip`.
    assert (step.v >= bounds.lower - x).all() and (step.v <= bounds.upper - x).all()
    assert (step.v[~movable] == 0.0).all()
    assert not (step.free & ~movable).any()
    before, after = model(at, scale, damping, np.zeros(6)), model(at, scale, damping, step.v)
    assert after < before or not movable.any()
    # What is free is at its minimum, whatever is held.
    slope = at.triangle.T @ (at.triangle @ step.v + at.projection) + damping * scale**2 * step.v
    assert np.abs(slope[step.free] / scale[step.free]).max(initial=0.0) < 1e-10
    assert (step.second_order(random.normal(size=6))[~step.free] == 0.0).all()


def test_the_component_that_hits_first_is_fixed_and_the_rest_solved_again():
    # |v0 + v1 - 2|^2 + |v1 - 1|^2 with v0 <= 0.25: then v1 minimises (v1 - 1.75)^2 + (v1 - 1)^2.
    at = Linearisation(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([-2.0, -1.0]))
    bounds = Bounds(np.full(2, -INF), np.array([0.25, INF]))
    step = damped_step(at, np.ones(2), 1e-30, np.zeros(2), bounds, np.ones(2, dtype=bool))
    assert step.v == pytest.approx(np.array([0.25, 1.375]), rel=1e-12)
    assert list(step.free) == [False, True]


def test_what_hits_later_may_not_hit_at_all():
    # |v0 - 0.1 v1|^2 + |v1 - 10|^2 leads to (1, 10), out of the box at v1 = 1 first, and with that to v0 = 0.1.
    at = Linearisation(np.array([[1.0, -0.1], [0.0, 1.0]]), np.array([0.0, -10.0]))
    bounds = Bounds(np.full(2, -INF), np.array([0.95, 1.0]))
    step = damped_step(at, np.ones(2), 1e-30, np.zeros(2), bounds, np.ones(2, dtype=bool))
    assert step.v == pytest.approx(np.array([0.1, 1.0]), rel=1e-12)


def test_movable_are_all_but_those_pushed_against_their_bound():
    bounds = Bounds(np.array([0.0, 0.0, -INF, -INF, 1.0]), np.array([INF, INF, 2.0, 2.0, 1.0]))
    x, uphill = np.array([0.0, 0.0, 2.0, 2.0, 1.0]), np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    assert list(bounds.movable(x, uphill)) == [False, True, True, False, False]
