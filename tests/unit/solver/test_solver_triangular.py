import numpy as np
import pytest

from hpcfit.solver.secular import System
from hpcfit.solver.triangular import aligned, combine_triangles, factor_rows, linearisation, with_rows


def ill_conditioned(n_rows, n, condition, seed):
    random = np.random.default_rng(seed)
    left, _ = np.linalg.qr(random.normal(size=(n_rows, n)))
    right, _ = np.linalg.qr(random.normal(size=(n, n)))
    return left * np.logspace(0, -np.log10(condition), n) @ right, random.normal(size=n_rows)


def packed(jacobian, residual):
    return factor_rows(np.ascontiguousarray(np.vstack([jacobian.T, residual])))


def of_parts(jacobian, residual, n_parts):
    """Combine the parts from left to right."""
    parts = zip(np.array_split(jacobian, n_parts), np.array_split(residual, n_parts), strict=True)
    factors = [packed(*part) for part in parts]
    whole = factors[0]
    for factor in factors[1:]:
        whole = combine_triangles(whole, factor)
    return linearisation(whole)


def reference(jacobian, residual):
    orthogonal, triangle = np.linalg.qr(jacobian)
    sign = np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return sign[:, None] * triangle, sign * (orthogonal.T @ residual)


@pytest.mark.parametrize("n_parts", [1, 2, 5, 30])
@pytest.mark.parametrize("condition", [10.0, 1e12])
def test_same_as_qr_of_all_rows(condition, n_parts):
    # 30 parts of 4 rows each have fewer rows than the 6 columns of [J r].
    jacobian, residual = ill_conditioned(120, 5, condition, seed=n_parts)
    at, (triangle, projection) = of_parts(jacobian, residual, n_parts), reference(jacobian, residual)
    assert np.array_equal(at.triangle, np.triu(at.triangle)) and (np.diag(at.triangle) >= 0).all()
    # Row k of R and of Q^T r is determined to rounding divided by how much of column k is left over.
    error = np.abs(at.triangle - triangle).max(axis=1) * np.abs(np.diag(triangle))
    assert error.max() < 1e-14
    assert (np.abs(at.projection - projection) * np.abs(np.diag(triangle))).max() < 1e-13
    assert at.gradient == pytest.approx(jacobian.T @ residual, rel=1e-10, abs=1e-13)
    assert at.column_norms == pytest.approx(np.linalg.norm(jacobian, axis=0), rel=1e-13)


def test_the_condition_is_not_squared():
    jacobian, residual = ill_conditioned(200, 6, 1e12, seed=7)
    singular = np.linalg.svd(of_parts(jacobian, residual, 8).triangle, compute_uv=False)
    # A singular value is determined to rounding of the largest one.
    assert singular == pytest.approx(np.logspace(0, -12, 6), rel=1e-3)
    # J^T J keeps nothing of what is below the root of rounding.
    assert np.sqrt(np.abs(np.linalg.eigvalsh(jacobian.T @ jacobian)))[0] > 1e2 * singular[-1]


def test_a_damped_step_at_condition_1e12_keeps_its_digits():
    """Errors are about rounding by sqrt(lambda) here, rounding by lambda with J^T J, which fails already."""
    jacobian, residual = ill_conditioned(200, 6, 1e12, seed=7)
    damping = 1e-18
    left, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    # The reference works on the known singular values, of which the smallest are not determined by a SVD.
    exact = -(right.T * (singular / (singular**2 + damping))) @ (left.T @ residual)
    damped = with_rows(of_parts(jacobian, residual, 8), np.sqrt(damping) * np.eye(6), np.zeros(6))
    step = -np.linalg.solve(damped.triangle, damped.projection)
    squares = jacobian.T @ jacobian + damping * np.eye(6)
    # By least squares: rounding may make the matrix singular.
    normal = -np.linalg.lstsq(squares, jacobian.T @ residual, rcond=0.0)[0]
    assert np.linalg.norm(step - exact) < 1e-6 * np.linalg.norm(exact)
    assert np.linalg.norm(normal - exact) > 1e-2 * np.linalg.norm(exact)


def test_rows_are_added():
    jacobian, residual = ill_conditioned(40, 5, 10.0, seed=3)
    at = with_rows(of_parts(jacobian[:33], residual[:33], 2), jacobian[33:], residual[33:])
    triangle, projection = reference(jacobian, residual)
    assert at.triangle == pytest.approx(triangle, abs=1e-14)
    assert at.projection == pytest.approx(projection, abs=1e-14)
    assert at.cost == pytest.approx(residual @ residual, rel=1e-14)


@pytest.mark.parametrize(("n", "n_rows"), [(3, 2000), (60, 1300), (260, 700)])
def test_pieces_and_the_place_of_the_residual(n, n_rows):
    """More rows than a piece, and more columns than are streamed."""
    random = np.random.default_rng(n)
    jacobian, residual = random.normal(size=(n_rows, n)), random.normal(size=n_rows)
    first = np.ascontiguousarray(np.vstack([residual, jacobian.T]))
    before = first.copy()
    factor = factor_rows(first, residual=0)
    assert np.array_equal(first, before)
    assert factor.tobytes() == packed(jacobian, residual).tobytes()
    at, (triangle, projection) = linearisation(factor), reference(jacobian, residual)
    size = np.linalg.norm(triangle, 2)
    assert np.abs(at.triangle - triangle).max() < 1e-14 * size
    assert np.abs(at.projection - projection).max() < 1e-14 * size


def test_a_block_without_rows():
    assert not factor_rows(np.zeros((4, 0))).any()


def test_pieces_lie_on_cache_lines():
    assert {aligned(n).ctypes.data % 64 for n in range(1, 40)} == {0}


def test_a_single_parameter_and_none_at_all():
    at = of_parts(np.array([[3.0], [4.0]]), np.array([1.0, 2.0]), 2)
    assert at.triangle[0, 0] == pytest.approx(5.0, rel=1e-15)
    assert at.projection[0] == pytest.approx(11 / 5, rel=1e-15)
    assert of_parts(np.zeros((4, 0)), np.ones(4), 2).triangle.shape == (0, 0)


def test_more_columns_than_a_panel():
    random = np.random.default_rng(3)
    jacobian, residual = random.normal(size=(300, 70)), random.normal(size=300)
    at = of_parts(jacobian, residual, 3)
    triangle, projection = reference(jacobian, residual)
    assert at.triangle == pytest.approx(triangle, rel=1e-10, abs=1e-11)
    assert at.projection == pytest.approx(projection, rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_spreads_to_the_whole(bad):
    jacobian, residual = ill_conditioned(20, 3, 10.0, seed=1)
    residual[13] = bad
    at = of_parts(jacobian, residual, 4)
    assert np.isnan(at.projection).all() and np.isnan(at.triangle[np.triu_indices(3)]).all()


def test_combining_leaves_its_arguments_alone():
    jacobian, residual = ill_conditioned(20, 3, 10.0, seed=1)
    upper, lower = packed(jacobian[:10], residual[:10]), packed(jacobian[10:], residual[10:])
    before = upper.copy(), lower.copy()
    combine_triangles(upper, lower)
    assert np.array_equal(upper, before[0]) and np.array_equal(lower, before[1])


def test_block_without_rows(capfd):
    """As one of structures of which nothing is fitted: a factor of zeros, and no word from LAPACK."""
    packed = factor_rows(np.zeros((4, 0)))
    np.testing.assert_array_equal(packed, np.zeros(10))
    assert capfd.readouterr() == ("", "")


def test_a_step_keeps_the_digits_that_normal_equations_lose():
    # lambda / sigma_1^2 = 1e-16 at condition 1e12; the step in closed form from the singular value decomposition made.
    random = np.random.default_rng(11)
    left, _ = np.linalg.qr(random.normal(size=(400, 8)))
    right, _ = np.linalg.qr(random.normal(size=(8, 8)))
    sigma, damping = np.logspace(0, -12, 8), 1e-16
    jacobian, residual = left * sigma @ right, random.normal(size=400)
    exact = -right.T @ (sigma / (sigma**2 + damping) * (left.T @ residual))
    at = of_parts(jacobian, residual, 8)
    found = System.of_columns(at.triangle, at.projection).damped(damping).w
    normal = np.linalg.solve(jacobian.T @ jacobian + damping * np.eye(8), -jacobian.T @ residual)

    def error(step):
        return np.linalg.norm(step - exact) / np.linalg.norm(exact)

    # Rounding over sqrt(lambda) is 2e-8, over lambda it is above 1.
    assert error(found) < 1e-6 and error(normal) > 1e-3


@pytest.mark.parametrize("size", range(1, 40))
def test_memory_starts_at_a_cache_line(size):
    found = aligned(size)
    assert len(found) == size and found.ctypes.data % 64 == 0
