import numpy as np
import pytest

from hpcfit.solver.normal import factored, products_of_rows
from hpcfit.solver.triangular import factor_rows, linearisation


def rows_of(n_rows=60, n=5, seed=2, scales=1.0):
    rows = np.random.default_rng(seed).normal(size=(n + 1, n_rows))
    rows[1:] *= np.broadcast_to(scales, n)[:, None]
    return rows


def test_the_same_as_qr_where_the_condition_is_small():
    rows = rows_of(scales=[1.0, 1e-8, 1e8, 1.0, 1e-3])
    found, expected = factored(products_of_rows(rows)), linearisation(factor_rows(rows, residual=0))
    norms = expected.column_norms
    assert found.triangle / norms == pytest.approx(expected.triangle / norms, abs=1e-13)
    assert found.projection == pytest.approx(expected.projection, abs=1e-13)
    assert found.rest == pytest.approx(expected.rest, rel=1e-13)
    assert np.array_equal(found.triangle, np.triu(found.triangle))


def test_directions_beyond_rounding_do_not_count():
    rows = rows_of()
    rows[3] = 0.0
    rows[5] = rows[1] - 2.0 * rows[2]
    at = factored(products_of_rows(rows))
    assert np.linalg.matrix_rank(at.triangle) == 3
    assert at.triangle.T @ at.triangle == pytest.approx(rows[1:] @ rows[1:].T, abs=1e-12)
    assert at.gradient == pytest.approx(rows[1:] @ rows[0], abs=1e-12)
    reached = rows[1:].T @ np.linalg.lstsq(rows[1:].T, rows[0], rcond=None)[0]
    assert np.linalg.norm(at.projection) == pytest.approx(np.linalg.norm(reached), rel=1e-12)
    assert at.cost == pytest.approx(rows[0] @ rows[0], rel=1e-13)


def test_a_jacobian_of_zeros():
    rows = rows_of()
    rows[1:] = 0.0
    at = factored(products_of_rows(rows))
    assert not at.triangle.any() and at.rest == pytest.approx(np.linalg.norm(rows[0]), rel=1e-15)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_spreads_to_the_whole(bad):
    rows = rows_of()
    rows[2, 7] = bad
    with np.errstate(invalid="ignore"):
        assert np.isnan(factored(products_of_rows(rows)).triangle).all()
