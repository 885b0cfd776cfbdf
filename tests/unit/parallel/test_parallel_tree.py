import numpy as np
import pytest

from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.tree import reduce_blocks
from hpcfit.solver.triangular import combine_triangles, factor_rows, linearisation
from tests.helpers.thread_ranks import on_ranks

_RANDOM = np.random.default_rng(1)


def splits(n_blocks, n_ranks):
    """Three ways to give contiguous ranges of blocks to ranks, with ranks that own none; rank 0 owns block 0."""
    even = np.linspace(0, n_blocks, n_ranks + 1).astype(int)
    even[1] = max(even[1], 1)
    drawn = np.sort(_RANDOM.integers(1, n_blocks + 1, n_ranks - 1))
    first = np.full(n_ranks, n_blocks)
    return [np.maximum.accumulate(even), np.array([0, *drawn, n_blocks]), np.array([0, *first])]


def rounded(left, right):
    """Neither commutative nor associative, so that every bit depends on the tree."""
    return left + 0.7 * right


def named(left, right):
    """Says how the tree went: a node is 2 to the number of its blocks, plus what tells left from right."""
    return np.array([left[0] + right[0], 3.0 * left[1] + 5.0 * right[1]])


@pytest.mark.parametrize("n_ranks", range(1, 9))
@pytest.mark.parametrize("n_blocks", [1, 2, 7, 16])
def test_same_bits_on_any_number_of_ranks(n_blocks, n_ranks):
    values = np.random.default_rng(n_blocks).normal(size=(n_blocks, 3))
    expected = reduce_blocks(list(values), np.array([0, n_blocks]), Serial(), rounded)
    for starts in splits(n_blocks, n_ranks):

        def work(comm, starts=starts):
            own = values[starts[comm.rank] : starts[comm.rank + 1]]
            return reduce_blocks(list(own), starts, comm, rounded)

        found = on_ranks(n_ranks, work)
        assert found[0].tobytes() == expected.tobytes()
        assert found[1:] == [None] * (n_ranks - 1)


def test_the_tree_halves_the_range_of_blocks():
    values = [np.array([1.0, float(k)]) for k in range(1, 6)]
    # ((1, 2), (3, (4, 5)))
    pairs = 3 * (3 * 1 + 5 * 2) + 5 * (3 * 3 + 5 * (3 * 4 + 5 * 5))
    assert list(reduce_blocks(values, np.array([0, 5]), Serial(), named)) == [5.0, pairs]


def test_few_arrays_are_held():
    """Blocks are combined as they come: of 64, some two for each level of the tree."""
    alive, most = [0], [0]

    class Counted:
        def __init__(self):
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self):
            alive[0] -= 1

    reduce_blocks((Counted() for _ in range(64)), np.array([0, 64]), Serial(), lambda left, right: Counted())
    assert most[0] <= 2 * 6 + 2


def test_arrays_travel_only_where_the_border_cuts_a_node():
    starts = np.array([0, 8, 16])
    sent = []

    def work(comm):
        send = comm.send
        comm.send = lambda array, rank: (sent.append((comm.rank, rank)), send(array, rank))
        values = [np.ones(2)] * 8
        return reduce_blocks(values, starts, comm, np.add)

    assert list(on_ranks(2, work)[0]) == [16.0, 16.0]
    assert sent == [(1, 0)]


@pytest.mark.parametrize("n_ranks", range(1, 9))
@pytest.mark.parametrize(("n", "n_rows"), [(5, 400), (30, 400), (120, 700)])
def test_the_factor_of_all_rows_is_that_of_serial_qr(n, n_rows, n_ranks):
    """16 blocks; with 30 and 120 columns those of a block, and of a rank, are more than its rows."""
    random = np.random.default_rng(n)
    rows = random.normal(size=(n + 1, n_rows))
    blocks = np.array_split(rows, 16, axis=1)
    of_one = None
    for starts in [np.array([0, 16]), *splits(16, n_ranks)]:

        def work(comm, starts=starts):
            own = [factor_rows(block) for block in blocks[starts[comm.rank] : starts[comm.rank + 1]]]
            return reduce_blocks(own, starts, comm, combine_triangles)

        found = on_ranks(len(starts) - 1, work)[0]
        of_one = found if of_one is None else of_one
        assert found.tobytes() == of_one.tobytes()
    at, expected = linearisation(of_one), np.linalg.qr(rows.T, mode="r")
    expected *= np.where(np.diag(expected) < 0, -1.0, 1.0)[:, None]
    size = np.linalg.norm(expected, 2)
    assert np.abs(at.triangle - expected[:-1, :-1]).max() < 1e-14 * size
    assert np.abs(at.projection - expected[:-1, -1]).max() < 1e-14 * size
    assert at.rest == pytest.approx(expected[-1, -1], rel=1e-12)
