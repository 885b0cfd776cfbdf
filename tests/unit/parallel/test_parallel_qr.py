import numpy as np
import pytest

from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.tree import reduce_blocks
from hpcfit.solver.triangular import combine_triangles, factor_rows, linearisation
from tests.helpers.thread_ranks import on_ranks


@pytest.mark.parametrize("n_rows", [8 * 3, 8 * 40])  # a block of 3 rows has fewer than the 7 columns
@pytest.mark.parametrize("n_ranks", range(1, 9))
def test_the_factor_is_that_of_all_rows_with_the_same_bits(n_ranks, n_rows):
    rows = np.random.default_rng(n_rows).normal(size=(n_rows, 7))
    triangle = np.linalg.qr(rows, mode="r")
    triangle *= np.where(np.diag(triangle) < 0, -1.0, 1.0)[:, None]
    blocks = [factor_rows(np.ascontiguousarray(part.T)) for part in np.split(rows, 8)]
    expected = reduce_blocks(blocks, np.array([0, 8]), Serial(), combine_triangles)
    starts = np.linspace(0, 8, n_ranks + 1).astype(int)

    def work(comm):
        return reduce_blocks(
            blocks[starts[comm.rank] : starts[comm.rank + 1]], starts, comm, combine_triangles
        )

    found = on_ranks(n_ranks, work)[0]
    assert found.tobytes() == expected.tobytes()
    at, norm = linearisation(found), np.linalg.norm(rows)
    assert np.abs(at.triangle - triangle[:-1, :-1]).max() < 1e-14 * norm
    assert np.abs(at.projection - triangle[:-1, -1]).max() < 1e-14 * norm
    assert abs(at.rest - triangle[-1, -1]) < 1e-14 * norm
