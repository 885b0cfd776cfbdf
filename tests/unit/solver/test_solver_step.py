import numpy as np
import pytest
from scipy.optimize import lsq_linear

from hpcfit.solver.problem import Linearisation
from hpcfit.solver.step import Bounds, QuadraticModel

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


def damped_cost(at, scale, damping, v):
    return ((at.triangle @ v + at.projection) ** 2).sum() + damping * ((scale * v) ** 2).sum()


def everywhere(n):
    return Bounds(np.full(n, -INF), np.full(n, INF))


def damped(damping):
    return lambda system, used: system.damped(damping)


def within(radius):
    return lambda system, used: system.within(np.sqrt(radius**2 - used**2), 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_without_bounds_it_is_the_damped_least_squares_solution(seed):
    jacobian, residual, at, scale, damping = system(5, seed)
    model = QuadraticModel(at, scale, np.zeros(5), everywhere(5))
    step = model.step(damped(damping))
    stacked = np.vstack([jacobian, np.sqrt(damping) * np.diag(scale)])
    expected = lsq_linear(stacked, -np.concatenate([residual, np.zeros(5)]), method="bvls").x
    assert step.v == pytest.approx(expected, rel=1e-9)
    assert step.free.all()
    assert step.length == pytest.approx(np.linalg.norm(scale * expected), rel=1e-9)
    bend = np.random.default_rng(seed).normal(size=5)
    half = -0.5 * np.linalg.solve(stacked.T @ stacked, bend)
    assert model.second_order(step, bend) == pytest.approx(half, rel=1e-8)
    before, after = (((jacobian @ v + residual) ** 2).sum() for v in (np.zeros(5), step.v))
    assert model.drop(step.v) == pytest.approx(before - after, rel=1e-10)


@pytest.mark.parametrize("seed", range(40))
def test_with_bounds_it_stays_inside_and_lowers_the_model(seed):
    _, _, at, scale, damping = system(6, seed)
    random = np.random.default_rng(100 + seed)
    x = random.normal(size=6)
    width = random.uniform(0, 1, size=(2, 6)) / scale * random.choice([0.0, 0.01, 1.0, INF], size=(2, 6))
    bounds = Bounds(x - np.nan_to_num(width[0], nan=0.0), x + np.nan_to_num(width[1], nan=0.0))
    model = QuadraticModel(at, scale, x, bounds)
    movable = bounds.movable(x, at.gradient)
    step = model.step(damped(damping))
    # v is cut to the room there is: rounding of x + v is for `clip`.
    assert (step.v >= bounds.lower - x).all() and (step.v <= bounds.upper - x).all()
    assert (step.v[~movable] == 0.0).all()
    assert not (step.free & ~movable).any()
    before, after = damped_cost(at, scale, damping, np.zeros(6)), damped_cost(at, scale, damping, step.v)
    assert after < before or not movable.any()
    # What is free is at its minimum, whatever is held.
    slope = at.triangle.T @ (at.triangle @ step.v + at.projection) + damping * scale**2 * step.v
    assert np.abs(slope[step.free] / scale[step.free]).max(initial=0.0) < 1e-10
    assert (model.second_order(step, random.normal(size=6))[~step.free] == 0.0).all()


@pytest.mark.parametrize("seed", range(20))
def test_with_bounds_and_a_radius_it_is_as_long_as_the_radius(seed):
    _, _, at, scale, _ = system(6, seed)
    random = np.random.default_rng(200 + seed)
    room = random.uniform(0.0, 0.2, size=6) / scale
    bounds = Bounds(
        np.where(random.random(6) < 0.5, -room, -INF), np.where(random.random(6) < 0.5, room, INF)
    )
    model = QuadraticModel(at, scale, np.zeros(6), bounds)
    whole = model.step(within(1e9)).length
    step = model.step(within(0.5 * whole))
    assert step.length == pytest.approx(0.5 * whole, rel=0.05)
    assert step.length == pytest.approx(np.linalg.norm(scale * step.v), rel=1e-12)
    assert (step.v >= bounds.lower).all() and (step.v <= bounds.upper).all()
    assert model.drop(step.v) > 0.0


def test_the_component_that_hits_first_is_fixed_and_the_rest_solved_again():
    # |v0 + v1 - 2|^2 + |v1 - 1|^2 with v0 <= 0.25: then v1 minimises (v1 - 1.75)^2 + (v1 - 1)^2.
    at = Linearisation(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([-2.0, -1.0]))
    bounds = Bounds(np.full(2, -INF), np.array([0.25, INF]))
    step = QuadraticModel(at, np.ones(2), np.zeros(2), bounds).step(damped(1e-30))
    assert step.v == pytest.approx(np.array([0.25, 1.375]), rel=1e-12)
    assert list(step.free) == [False, True]


def test_what_hits_later_may_not_hit_at_all():
    # |v0 - 0.1 v1|^2 + |v1 - 10|^2 leads to (1, 10), out of the box at v1 = 1 first, and with that to v0 = 0.1.
    at = Linearisation(np.array([[1.0, -0.1], [0.0, 1.0]]), np.array([0.0, -10.0]))
    bounds = Bounds(np.full(2, -INF), np.array([0.95, 1.0]))
    step = QuadraticModel(at, np.ones(2), np.zeros(2), bounds).step(damped(1e-30))
    assert step.v == pytest.approx(np.array([0.1, 1.0]), rel=1e-12)


def test_movable_are_all_but_those_pushed_against_their_bound():
    bounds = Bounds(np.array([0.0, 0.0, -INF, -INF, 1.0]), np.array([INF, INF, 2.0, 2.0, 1.0]))
    x, uphill = np.array([0.0, 0.0, 2.0, 2.0, 1.0]), np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    assert list(bounds.movable(x, uphill)) == [False, True, True, False, False]


def test_a_parameter_without_a_column_does_not_move():
    at = Linearisation(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([-2.0, 0.0]))
    step = QuadraticModel(at, np.ones(2), np.zeros(2), everywhere(2)).step(within(10.0))
    assert list(step.v) == [2.0, 0.0] and list(step.free) == [True, False]
