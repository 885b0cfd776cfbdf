"""Blocks of structures, whose make-up depends on the job alone, and their distribution over ranks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.objective.structures.block import StructurePlan
from hpcfit.records import FloatArray, IntArray, Structure
from hpcfit.structure.observing import FORMS

#: Atoms in a block by default: its Jacobian for a few parameters then stays in the second-level cache.
_ATOMS_PER_BLOCK = 4096

#: Blocks by default where there are structures enough, so that a few ranks share a small job evenly.
_FEWEST_BLOCKS = 16

#: From so many free parameters on, putting two triangular factors together takes as long as the rows of a block that
#: has fewer rows than parameters: there are fewer blocks then (docs/solver.md).
_MANY_PARAMETERS = 256

#: Evaluations of an atom in a block of own structures by default: ten times what a question costs besides them.
_COST_PER_BLOCK = 10000

#: A structure is evaluated about so many times over, in steps of its relaxation and in small batches.
_STEPS = 10


@dataclass(frozen=True)
class Block:
    """Configurations that are reduced together: `configurations` of the job's dataset number `source`."""

    source: int
    configurations: IntArray
    n_atoms: int

    @property
    def cost(self) -> float:
        """Estimated, in evaluations of one atom."""
        return float(self.n_atoms)


@dataclass(frozen=True)
class PlannedStructures:
    """Own structures of the job that are worked out together, at an estimated cost in evaluations of one atom."""

    plan: StructurePlan
    cost: float

    @property
    def n_atoms(self) -> int:
        """Number of atoms in its own structures."""
        return sum(len(structure.atoms) for structure in self.plan.structures[: self.plan.n_own])


def cut_blocks(
    selected: Sequence[IntArray], sizes: Sequence[IntArray], n_blocks: int | None, n_free: int = 0
) -> tuple[Block, ...]:
    """Cut all selected configurations into blocks of about equal numbers of atoms.

    Parameters
    ----------
    selected
        Per dataset, the selected configurations in ascending order.
    sizes
        Per dataset, the number of atoms of each selected configuration.
    n_blocks
        Number of blocks wanted; None takes one per 4,096 atoms, but at least 16, or as many of them as have no fewer
        rows than there are parameters where these are many. Blocks do not span datasets and are not empty, so that
        there may be a few more or fewer.
    n_free
        Number of free parameters.
    """
    total = int(sum(size.sum() for size in sizes))
    fewest = _FEWEST_BLOCKS
    if n_free > _MANY_PARAMETERS:
        fewest = min(max(3 * total // n_free, 1), fewest)
    wanted = n_blocks or max(fewest, -(-total // _ATOMS_PER_BLOCK))
    blocks: list[Block] = []
    for source, (configurations, size) in enumerate(zip(selected, sizes, strict=True)):
        number = _pieces(size, max(1, round(wanted * int(size.sum()) / total)))
        for k in np.unique(number):
            chosen = number == k
            blocks.append(Block(source, configurations[chosen], int(size[chosen].sum())))
    return tuple(blocks)


def cut_structures(costs: Sequence[float], n_blocks: int | None) -> list[range]:
    """Cut the job's own structures into ranges of about equal cost.

    Parameters
    ----------
    costs
        Of each structure, as `structure_cost` estimates them.
    n_blocks
        Number of ranges wanted; None takes one per 10,000 evaluations of an atom. Ranges are not empty, so that there
        may be fewer.
    """
    if not costs:
        return []
    number = _pieces(np.array(costs), n_blocks or max(1, round(sum(costs) / _COST_PER_BLOCK)))
    borders = np.searchsorted(number, [*np.unique(number), number[-1] + 1])
    return [range(first, last) for first, last in itertools.pairwise(borders.tolist())]


def share_blocks(n_blocks: int | None, of_data: float, of_structures: float) -> tuple[int | None, int | None]:
    """Return how many of the blocks wanted go to datasets and to own structures, by their costs; one each at least."""
    if n_blocks is None or of_data == 0.0 or of_structures == 0.0:
        return n_blocks, n_blocks
    own = max(1, round(n_blocks * of_structures / (of_data + of_structures)))
    return max(1, n_blocks - own), own


def structure_cost(structure: Structure) -> float:
    """Estimate what a structure takes: evaluations of its atoms in all images that differences are taken between.

    Neighbours do not count: their number is much the same in all structures of a job.
    """
    n_atoms = len(structure.atoms)
    degrees = {"atom-coordinates": 3 * n_atoms - 3, "cell-orthorhombic": 3, "cell-full": 6}
    n_degrees = sum(degrees.get(degree.name, 1) for degree in structure.relaxed)
    images = 1 + sum(FORMS[prop.name].n_images(n_atoms) for prop in structure.properties)
    return float(_STEPS * n_atoms * (1 + 2 * n_degrees) * images)


def _pieces(sizes: FloatArray | IntArray, n_pieces: int) -> IntArray:
    """Return for each of several things in a row in which piece it lies, pieces being about equally large."""
    middle = np.cumsum(sizes) - 0.5 * sizes
    pieces: IntArray = np.minimum((middle * n_pieces / sizes.sum()).astype(np.int64), n_pieces - 1)
    return pieces


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
