"""Blocks of structures, which depend on the job alone, and their distribution over ranks."""

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

#: Least number of blocks by default, so that a few ranks share a small job evenly.
_FEWEST_BLOCKS = 16

#: From this number of free parameters, combining two triangular factors costs as much as a block with fewer rows than
#: parameters: fewer blocks are used then (docs/solver.md).
_MANY_PARAMETERS = 256

#: Evaluations of an atom in a block of own structures by default: ten times the overhead of an evaluation.
_COST_PER_BLOCK = 10000

#: Typical number of evaluations of a structure, in relaxation steps and small batches.
_STEPS = 10


@dataclass(frozen=True)
class Block:
    """Configurations that are reduced together: those of the job's dataset number `source`."""

    source: int
    configurations: IntArray
    n_atoms: int

    @property
    def cost(self) -> float:
        """Estimated cost in evaluations of one atom."""
        return float(self.n_atoms)


@dataclass(frozen=True)
class PlannedStructures:
    """Own structures of the job in one block, with an estimated cost in evaluations of one atom."""

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
        Requested number of blocks; None takes one per 4,096 atoms, but at least 16, or with many parameters as many as
        have at least that many rows. Blocks do not span datasets and are not empty, so there may be a few more or
        fewer.
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
        Estimates by `structure_cost`.
    n_blocks
        Requested number of ranges; None takes one per 10,000 evaluations of an atom. Ranges are not empty, so there may
        be fewer.
    """
    if not costs:
        return []
    number = _pieces(np.array(costs), n_blocks or max(1, round(sum(costs) / _COST_PER_BLOCK)))
    borders = np.searchsorted(number, [*np.unique(number), number[-1] + 1])
    return [range(first, last) for first, last in itertools.pairwise(borders.tolist())]


def share_blocks(n_blocks: int | None, of_data: float, of_structures: float) -> tuple[int | None, int | None]:
    """Return the numbers of blocks for datasets and for own structures, by their costs; at least one each."""
    if n_blocks is None or of_data == 0.0 or of_structures == 0.0:
        return n_blocks, n_blocks
    own = max(1, round(n_blocks * of_structures / (of_data + of_structures)))
    return max(1, n_blocks - own), own


def structure_cost(structure: Structure) -> float:
    """Estimate the cost of a structure: evaluations of its atoms in all images of differences.

    The number of neighbours is ignored, as it is similar in all structures of a job.
    """
    n_atoms = len(structure.atoms)
    degrees = {"atom-coordinates": 3 * n_atoms - 3, "cell-orthorhombic": 3, "cell-full": 6}
    n_degrees = sum(degrees.get(degree.name, 1) for degree in structure.relaxed)
    images = 1 + sum(FORMS[prop.name].n_images(n_atoms) for prop in structure.properties)
    return float(_STEPS * n_atoms * (1 + 2 * n_degrees) * images)


def _pieces(sizes: FloatArray | IntArray, n_pieces: int) -> IntArray:
    """Return the piece of each element of a sequence, for pieces of about equal size."""
    middle = np.cumsum(sizes) - 0.5 * sizes
    pieces: IntArray = np.minimum((middle * n_pieces / sizes.sum()).astype(np.int64), n_pieces - 1)
    return pieces


def assign_blocks(costs: FloatArray, n_ranks: int) -> IntArray:
    """Give each rank a contiguous range of blocks so that the largest cost of a rank is minimal.

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
    """Fill ranks in turn up to `limit`; the last entry is below the number of blocks if the limit is too low."""
    starts = np.zeros(n_ranks + 1, dtype=np.int64)
    for rank in range(n_ranks):
        before = ends[starts[rank] - 1] if starts[rank] else 0.0
        # The limit plus one part in 1e12: it comes from a bisection and may be too low by rounding.
        starts[rank + 1] = np.searchsorted(ends, before + limit * (1 + 1e-12), side="right")
    return starts
