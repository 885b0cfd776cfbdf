"""Blocks of structures, whose make-up depends on the job alone, and their distribution over ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.records import FloatArray, IntArray

#: Atoms in a block by default: its Jacobian for a few parameters then stays in the second-level cache.
_ATOMS_PER_BLOCK = 4096

#: Blocks by default where there are structures enough, so that a few ranks share a small job evenly.
_FEWEST_BLOCKS = 16


@dataclass(frozen=True)
class Block:
    """Configurations that are reduced together: `configurations` of the job's dataset number `source`."""

    source: int
    configurations: IntArray
    n_atoms: int


def cut_blocks(
    selected: Sequence[IntArray], sizes: Sequence[IntArray], n_blocks: int | None
) -> tuple[Block, ...]:
    """Cut all selected configurations into blocks of about equal numbers of atoms.

    Parameters
    ----------
    selected
        Per dataset, the selected configurations in ascending order.
    sizes
        Per dataset, the number of atoms of each selected configuration.
    n_blocks
        Number of blocks wanted; None takes one per 4,096 atoms, but at least 16. Blocks do not span datasets and
        are not empty, so that there may be a few more or fewer.
    """
    total = int(sum(size.sum() for size in sizes))
    wanted = n_blocks or max(_FEWEST_BLOCKS, -(-total // _ATOMS_PER_BLOCK))
    blocks: list[Block] = []
    for source, (configurations, size) in enumerate(zip(selected, sizes, strict=True)):
        share = max(1, round(wanted * int(size.sum()) / total))
        middle = np.cumsum(size) - 0.5 * size
        number = np.minimum((middle * share / size.sum()).astype(np.int64), share - 1)
        for k in np.unique(number):
            chosen = number == k
            blocks.append(Block(source, configurations[chosen], int(size[chosen].sum())))
    return tuple(blocks)


def assign_blocks(costs: FloatArray, n_ranks: int) -> IntArray:
    """Give each rank a contiguous range of blocks so that the dearest rank is as cheap as it can be.

    Parameters
    ----------
    costs
        [n_blocks], larger than 0, in any unit.
    n_ranks
        Number of ranks.

    Returns
    -------
    IntArray
        [n_ranks + 1]; rank k owns blocks ``[k]`` to ``[k + 1] - 1``. Rank 0 owns block 0; a rank may own none.
    """
    ends = np.cumsum(costs)
    low, high = max(float(np.max(costs)), float(ends[-1]) / n_ranks), float(ends[-1])
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (
            (low, middle) if _ranks_within(ends, middle, n_ranks)[-1] == len(costs) else (middle, high)
        )
    return _ranks_within(ends, high, n_ranks)


def _ranks_within(ends: FloatArray, limit: float, n_ranks: int) -> IntArray:
    """Fill rank after rank up to `limit`; the last entry falls short of all blocks when the limit is too low."""
    starts = np.zeros(n_ranks + 1, dtype=np.int64)
    for rank in range(n_ranks):
        before = ends[starts[rank] - 1] if starts[rank] else 0.0
        # One part in 1e12 more than the limit: it comes from a bisection and may fall short by rounding.
        starts[rank + 1] = np.searchsorted(ends, before + limit * (1 + 1e-12), side="right")
    return starts
