"""Reduction over a fixed binary tree of blocks, with the same order of sums on any number of ranks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable

from hpcfit.parallel.communicator import Communicator
from hpcfit.records import FloatArray, IntArray


def reduce_blocks(
    values: Iterable[FloatArray],
    starts: IntArray,
    comm: Communicator,
    combine: Callable[[FloatArray, FloatArray], FloatArray],
) -> FloatArray | None:
    """Combine one array per block pairwise along the binary tree that halves the range of blocks.

    The rank that owns a node's first block combines it; arrays are sent only for nodes that span several ranks.

    Parameters
    ----------
    values
        The arrays of this rank's blocks, in order and of one length. Combining them as they come keeps few in memory;
        all are combined before any is sent, so that no rank waits for another in between.
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
    reduction = _Reduction(values, [int(start) for start in starts], comm, combine)
    reduction.prepare(0, int(starts[-1]))
    return reduction.visit(0, int(starts[-1]))


class _Reduction:
    """The reduction on one rank; a node of the tree is a range of blocks, `low` to `high` - 1."""

    def __init__(
        self,
        values: Iterable[FloatArray],
        borders: list[int],
        comm: Communicator,
        combine: Callable[[FloatArray, FloatArray], FloatArray],
    ) -> None:
        self._coming = iter(values)
        self._borders = borders
        self._comm = comm
        self._combine = combine
        self._first, self._last = borders[comm.rank], borders[comm.rank + 1]
        self._done: dict[tuple[int, int], FloatArray] = {}

    def prepare(self, low: int, high: int) -> None:
        """Combine the nodes that hold only this rank's blocks."""
        if high <= self._first or low >= self._last:
            return
        if low >= self._first and high <= self._last:
            self._done[low, high] = self._own(low, high)
            return
        middle = (low + high) // 2
        self.prepare(low, middle)
        self.prepare(middle, high)

    def _own(self, low: int, high: int) -> FloatArray:
        if high - low == 1:
            return next(self._coming)
        middle = (low + high) // 2
        left = self._own(low, middle)
        return self._combine(left, self._own(middle, high))

    def visit(self, low: int, high: int) -> FloatArray | None:
        """Combine a node on the rank that owns its first block; return it there, None elsewhere."""
        if high <= self._first or low >= self._last:
            return None
        if (low, high) in self._done:
            return self._done.pop((low, high))
        middle = (low + high) // 2
        left, right = self.visit(low, middle), self.visit(middle, high)
        left_owner, right_owner = self._owner(low), self._owner(middle)
        if self._comm.rank == left_owner and left is not None:
            return self._combine(left, self._comm.receive(left, right_owner) if right is None else right)
        if self._comm.rank == right_owner and right is not None:
            self._comm.send(right, left_owner)
        return None

    def _owner(self, block: int) -> int:
        return bisect_right(self._borders, block) - 1
