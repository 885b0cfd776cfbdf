"""One fixed binary tree over the blocks: the same sums, in the same order, on any number of ranks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from hpcfit.parallel.communicator import Communicator
from hpcfit.records import FloatArray, IntArray


def reduce_blocks(
    values: Sequence[FloatArray],
    starts: IntArray,
    comm: Communicator,
    combine: Callable[[FloatArray, FloatArray], FloatArray],
) -> FloatArray | None:
    """Combine one array per block into one for all, pairwise along the tree that halves the range of blocks.

    A node is combined on the rank that owns its first block; only where a range is cut by the border between two
    ranks does an array travel.

    Parameters
    ----------
    values
        The arrays of this rank's blocks, all of one length.
    starts
        [size + 1], first block of each rank; rank 0 owns block 0.
    comm
        The ranks.
    combine
        Combines a left and a right array into one.

    Returns
    -------
    FloatArray or None
        The array for all blocks on rank 0, None elsewhere.
    """
    borders = [int(start) for start in starts]
    first, last = borders[comm.rank], borders[comm.rank + 1]

    def owner(block: int) -> int:
        return bisect_right(borders, block) - 1

    def visit(low: int, high: int) -> FloatArray | None:
        if high <= first or low >= last:
            return None
        if high - low == 1:
            return values[low - first]
        middle = (low + high) // 2
        left, right = visit(low, middle), visit(middle, high)
        left_owner, right_owner = owner(low), owner(middle)
        if comm.rank == left_owner and left is not None:
            return combine(left, comm.receive(left, right_owner) if right is None else right)
        if comm.rank == right_owner and right is not None:
            comm.send(right, left_owner)
        return None

    return visit(0, borders[-1])
