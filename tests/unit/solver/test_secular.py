import mpmath
import numpy as np
import pytest

from hpcfit.solver.secular import System


def made(n, condition, seed):
    """A system with singular values evenly spaced in the logarithm, and J with r of twice as many rows."""
    random = np.random.default_rng(seed)
    left, _ = np.linalg.qr(random.normal(size=(2 * n, n)))
    right, _ = np.linalg.qr(random.normal(size=(n, n)))
    columns, target = left * np.logspace(0, -np.log10(condition), n) @ right, random.normal(size=2 * n)
    return System.of_columns(columns, target), columns, target


def exact(columns, target, damping):
    """The minimiser from normal equations in 60 digits."""
    with mpmath.workdps(60):
        matrix = mpmath.matrix(columns.tolist())
        normal = matrix.T * matrix + damping * mpmath.eye(columns.shape[1])
        found = mpmath.lu_solve(normal, -matrix.T * mpmath.matrix(target.tolist()))
    return np.array(found.tolist(), dtype=float)[:, 0]


@pytest.mark.parametrize(("condition", "damping"), [(1e6, 1e-8), (1e12, 1e-12), (1e12, 1e-16)])
def test_digits_survive_where_normal_equations_lose_them(condition, damping):
    system, columns, target = made(6, condition, seed=1)
    best = exact(columns, target, damping)
    normal = np.linalg.solve(columns.T @ columns + damping * np.eye(6), -columns.T @ target)
    error = np.linalg.norm(system.damped(damping).w - best) / np.linalg.norm(best)
    # Rounding times 1/sqrt(lambda), not 1/lambda, and a factor for the residual's part outside the columns' range.
    assert error < 100 * np.finfo(float).eps / np.sqrt(damping)
    assert np.linalg.norm(normal - best) / np.linalg.norm(best) > 20 * error


@pytest.mark.parametrize("condition", [10.0, 1e8, 1e12])
@pytest.mark.parametrize("fraction", [1e-8, 1e-3, 0.3, 0.9, 2.0])
def test_the_step_is_as_long_as_allowed(condition, fraction):
    system, _, _ = made(8, condition, seed=2)
    radius = fraction * system.undamped.length
    found = system.within(radius, 0.0)
    if fraction > 1.0:
        assert found is system.undamped
    else:
        assert found.length == pytest.approx(radius, rel=0.05) and found.damping > 0.0
    again = system.within(radius, found.damping)
    assert again.length == pytest.approx(found.length, rel=0.1)


@pytest.mark.parametrize("condition", [10.0, 1e8, 1e12])
@pytest.mark.parametrize("fraction", [1e-8, 1e-3, 0.3, 0.9])
def test_few_factors_make_a_step_of_a_given_length(condition, fraction, monkeypatch):
    """Newton's iteration converges from below; bisection alone would take up to 20."""
    system, _, _ = made(8, condition, seed=2)
    damped, asked = System.damped, []
    monkeypatch.setattr(System, "damped", lambda own, damping: asked.append(damping) or damped(own, damping))
    system.within(fraction * system.undamped.length, 0.0)
    assert len(asked) <= 8


@pytest.mark.parametrize("seed", range(5))
def test_rank_does_not_depend_on_units(seed):
    random = np.random.default_rng(seed)
    columns, target = random.normal(size=(8, 4)), random.normal(size=8)
    units = 10.0 ** random.permutation([-9.0, -3.0, 3.0, 9.0])
    assert System.of_columns(columns * units, target).is_regular
    columns[:, 3] = columns[:, :3] @ [1.0, -2.0, 3.0]
    assert not System.of_columns(columns * units, target).is_regular
    assert not System.of_columns(columns * [1.0, 0.0, 1.0, 1.0], target).is_regular


def test_without_full_rank_there_is_a_step_all_the_same():
    columns = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    system = System.of_columns(columns, np.array([-1.0, -1.0, 5.0]))
    assert system.undamped is None and not system.is_regular
    found = system.within(100.0, 0.0)
    # Their difference is what the data do not determine.
    assert found.w.sum() == pytest.approx(1.0, rel=1e-12) and found.length < 1.0
    assert system.settled == pytest.approx(np.sqrt(0.5), rel=1e-6)
    assert system.within(0.1, 0.0).length == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("units", [(1.0, 1.0, 1.0, 1.0), (1e-5, 1.0, 1e4, 1.0)])
def test_second_order_steps_take_no_part_in_what_the_data_do_not_determine(units):
    random = np.random.default_rng(3)
    columns, r, second = random.normal(size=(2, 4)) * units, random.normal(size=2), random.normal(size=2)
    found = System.of_columns(columns, r).within(1e9, 0.0)
    assert not found.is_regular
    a = found.second_order(columns.T @ second)
    # The square of what directions are damped by; without it they come out as rounding times 1e14.
    assert columns @ a == pytest.approx(-second, rel=1e-9)
    assert np.linalg.norm(a * units) < 10 * np.linalg.norm(np.linalg.pinv(columns / units) @ second)


def test_cosine_with_the_range():
    columns, target = np.array([[1.0, 0.0], [0.0, 1e-12], [0.0, 0.0]]), np.array([3.0, 4.0, 12.0])
    system = System.of_columns(columns, target)
    assert system.cosine(13.0, 1e-8) == pytest.approx(5 / 13, rel=1e-12)
    # A direction that is almost that of another column is left out.
    columns[:, 1] = [1.0, 1e-10, 0.0]
    assert System.of_columns(columns, target).cosine(13.0, 1e-8) == pytest.approx(3 / 13, rel=1e-8)
    assert System.of_columns(columns[:, :0], target).cosine(13.0, 1e-8) == 0.0
    # A column of zeros does not count.
    with_zeros = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    assert System.of_columns(with_zeros, target).cosine(13.0, 1e-8) == pytest.approx(5 / 13, rel=1e-12)
