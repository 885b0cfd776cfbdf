"""The assembly of the rows of all blocks into one linearisation on the root."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from hpcfit.parallel.communicator import Communicator
from hpcfit.parallel.tree import reduce_blocks
from hpcfit.records import FloatArray, IntArray
from hpcfit.solver.normal import factored, products_of_rows
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.triangular import combine_triangles, factor_rows, linearisation


@dataclass(frozen=True)
class Assembly:
    """One kind of assembly; each gives the same bits on any number of ranks.

    Parameters
    ----------
    part
        Returns a block's part from its rows [1 + n, n_rows], r and the columns of J, which are overwritten later.
    collect
        Combines the parts of all blocks on the root and returns None elsewhere; takes the parts of this rank's blocks,
        the first block of each rank, and the ranks.
    finish
        Returns the linearisation from the combined parts.
    """

    part: Callable[[FloatArray], FloatArray]
    collect: Callable[[Iterable[FloatArray], IntArray, Communicator], FloatArray | None]
    finish: Callable[[FloatArray], Linearisation]


def _factor(rows: FloatArray) -> FloatArray:
    return factor_rows(rows, residual=0)


def _combined(factors: Iterable[FloatArray], starts: IntArray, comm: Communicator) -> FloatArray | None:
    return reduce_blocks(factors, starts, comm, combine_triangles)


def _added(products: Iterable[FloatArray], starts: IntArray, comm: Communicator) -> FloatArray | None:
    return reduce_blocks(products, starts, comm, np.add)


def _gathered(rows: Iterable[FloatArray], _: IntArray, comm: Communicator) -> FloatArray | None:
    of_ranks = comm.gather(list(rows))
    if of_ranks is None:
        return None
    return _factor(np.concatenate([block for blocks in of_ranks for block in blocks], axis=1))


_TSQR = Assembly(_factor, _combined, linearisation)

#: By the names in a job; ``stream`` differs in that blocks keep no rows.
ASSEMBLIES = {
    "tsqr": _TSQR,
    "stream": _TSQR,
    "normal": Assembly(products_of_rows, _added, factored),
    "gather": Assembly(np.copy, _gathered, linearisation),
}
