"""The blocks that one rank owns."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from hpcfit.dataset.reader import Dataset
from hpcfit.errors import Fault, InputError
from hpcfit.objective.block import BlockObjective, Workspace
from hpcfit.objective.function_block import FunctionBlock
from hpcfit.objective.model import Model
from hpcfit.objective.ordering import by_configuration
from hpcfit.objective.plan import Plan
from hpcfit.objective.residuals import Residual, load_residual
from hpcfit.objective.structures.block import StructureBlock
from hpcfit.objective.weights import Factors, property_weights, weights_by_target
from hpcfit.potential.library import NotFinite
from hpcfit.potential.sizes import cost, neighbours_per_atom
from hpcfit.records import (
    AbsoluteWeights,
    Configurations,
    ConfigurationWeight,
    FloatArray,
    IntArray,
    ResidualFile,
    StructureResult,
)

_Result = TypeVar("_Result")


class OpenDataset(Protocol):
    """A dataset open for reading."""

    name: str  #: in errors

    def read(self, start: int, stop: int) -> Configurations:
        """Return the configurations ``start:stop``."""


@dataclass(frozen=True)
class InMemoryData:
    """In-memory datasets and residual functions, by number, in place of the job's files."""

    open: Callable[[int], AbstractContextManager[OpenDataset]]
    residuals: Mapping[int, Residual]


class LocalObjective:
    """Answers for a contiguous range of the job's blocks, one value per block.

    Parameters
    ----------
    plan
        The job, its datasets and its blocks.
    in_memory
        None to read the job's files.
    """

    def __init__(self, plan: Plan, in_memory: InMemoryData | None = None) -> None:
        self.plan = plan
        self._in_memory = in_memory
        self._residuals: dict[int, Residual] = dict(in_memory.residuals) if in_memory else {}
        self.model = Model(plan.job, plan.compiled)
        self.seconds: FloatArray = np.zeros(0)  #: [n_owned], time of the last evaluation per block
        self._owned = range(0)
        self._workspace = Workspace() if plan.assembly == "stream" else None
        self._blocks: dict[int, BlockObjective | StructureBlock] = {}
        self._n_neighbours = 0.0  # of all atoms of datasets that this rank has read

    def own(self, first: int, last: int) -> None:
        """Own blocks `first` to `last` - 1: read new ones, drop all others."""
        self._owned = range(first, last)
        self._blocks = {k: block for k, block in self._blocks.items() if k in self._owned}
        missing = [k for k in self._owned if k not in self._blocks]
        n_data = len(self.plan.data_blocks)
        data = (k for k in missing if k < n_data)
        for _, numbers in itertools.groupby(data, key=lambda k: self.plan.data_blocks[k].source):
            self._load(list(numbers))
        for k in missing:
            if k >= n_data:
                own = self.plan.structure_blocks[k - n_data].plan
                self._blocks[k] = StructureBlock(self.model, own, self.plan.job.loss)

    @property
    def blocks(self) -> list[BlockObjective | StructureBlock]:
        """The owned blocks, in order."""
        return [self._blocks[k] for k in self._owned]

    def open_source(self, number: int) -> AbstractContextManager[OpenDataset]:
        """Open dataset `number` of the job."""
        if self._in_memory is not None:
            return self._in_memory.open(number)
        source = self.plan.sources[number]
        return Dataset(source.path, source.file, self.plan.indices[number].identity)

    def rows(self, x: FloatArray, with_derivatives: bool) -> list[FloatArray]:
        """Return the residual at `x` of every dataset block, optionally with its derivatives below it.

        Rows are ordered by configuration, each with energy, forces and stress if fitted.
        """
        results = []
        with np.errstate(all="ignore"):
            for k, block in zip(self._owned, self.blocks, strict=True):
                if isinstance(block, BlockObjective):
                    rows = block.rows(x, with_derivatives)
                    own = isinstance(block, FunctionBlock)
                    results.append(rows.copy() if own else self._in_order(k, rows))
        return results

    def _in_order(self, number: int, rows: FloatArray) -> FloatArray:
        """Return the kernels' rows by configuration; stresses that the block does not compute are 0."""
        block = self.plan.data_blocks[number]
        sizes = np.diff(self.plan.indices[block.source].ptr)[block.configurations]
        ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        place, _ = by_configuration(ptr, self.plan.sources[block.source].used)
        there = place < rows.shape[1]
        ordered = np.zeros((len(rows), len(place)))
        ordered[:, there] = rows[:, place[there]]
        return ordered

    def predict(self, x: FloatArray) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return energies, forces and stresses at `x` of every block of a dataset."""
        with np.errstate(all="ignore"):
            return [block.predict(x) for block in self.blocks if isinstance(block, BlockObjective)]

    def largest_densities(self, x: FloatArray) -> list[FloatArray]:
        """Return the largest densities at `x` [n_embedding] in every block of a dataset."""
        with np.errstate(all="ignore"):
            return [block.largest_densities(x) for block in self.blocks if isinstance(block, BlockObjective)]

    def results(self, x: FloatArray) -> list[tuple[list[StructureResult], list[float]]]:
        """Return results of own structures and derived properties at `x`, of every block with structures."""
        with np.errstate(all="ignore"):
            return [block.results(x) for block in self.blocks if isinstance(block, StructureBlock)]

    def take_notes(self) -> list[str]:
        """Return new warnings about own structures."""
        with np.errstate(all="ignore"):
            found = [block.take_notes() for block in self.blocks if isinstance(block, StructureBlock)]
        return [note for notes in found for note in notes]

    @property
    def relaxed(self) -> list[FloatArray]:
        """Start points of relaxations, per block of own structures."""
        return [block.relaxed for block in self.blocks if isinstance(block, StructureBlock)]

    def restore(self, relaxed: Sequence[FloatArray]) -> None:
        """Restore start points of relaxations; `relaxed` has all blocks of own structures of the plan."""
        for k, block in zip(self._owned, self.blocks, strict=True):
            if isinstance(block, StructureBlock):
                block.restore(relaxed[k - len(self.plan.data_blocks)])

    def ask(self, evaluate: Callable[[BlockObjective | StructureBlock], _Result]) -> list[_Result]:
        """Evaluate every block, and record the time of each."""
        return list(self.each(evaluate))

    def each(self, evaluate: Callable[[BlockObjective | StructureBlock], _Result]) -> Iterator[_Result]:
        """Evaluate blocks one by one as `ask` does, when their results are requested."""
        self.seconds = np.zeros(len(self._owned))
        for k, block in enumerate(self.blocks):
            start = time.perf_counter()
            # Numbers that are not finite are valid results and need no warning.
            with np.errstate(all="ignore"):
                result = evaluate(block)
            self.seconds[k] = time.perf_counter() - start
            yield result

    def first_non_finite(self) -> tuple[int, NotFinite] | None:
        """Return the first block, and the place in it, whose last result or a derivative was not finite.

        Own structures with a property that is not finite count as not relaxed.
        """
        with np.errstate(all="ignore"):
            for k, block in zip(self._owned, self.blocks, strict=True):
                if (found := block.find_non_finite()) is not None:
                    return k, found
        return None

    def _load(self, numbers: list[int]) -> None:
        """Read blocks of one dataset, opening it once."""
        plan = self.plan
        source = plan.data_blocks[numbers[0]].source
        with self.open_source(source) as dataset:
            for number in numbers:
                chosen = plan.data_blocks[number].configurations
                read = dataset.read(int(chosen[0]), int(chosen[-1]) + 1)
                configurations = read if len(read) == len(chosen) else read.take(chosen - chosen[0])
                factors = plan.factors[source].take(np.searchsorted(plan.selected[source], chosen))
                _require_volumes(dataset.name, chosen, configurations, factors)
                self._refuse_dense(dataset.name, chosen, configurations)
                self._blocks[number] = self._block(source, chosen, configurations, factors)

    def _refuse_dense(self, name: str, chosen: IntArray, configurations: Configurations) -> None:
        """Refuse configurations with too many neighbours for an atom, or for the memory."""
        per_atom = neighbours_per_atom(configurations, self.model.cutoff)
        self._n_neighbours += float(per_atom @ np.diff(configurations.ptr))
        found, allowed = cost(self._n_neighbours, float(per_atom.max(initial=0.0)), self.model.cutoff)
        if found:
            where = f"{name}: configuration {chosen[np.argmax(per_atom)]}"
            raise InputError([Fault(where, "too many neighbours", found, allowed)])

    def _block(
        self, source: int, chosen: IntArray, configurations: Configurations, factors: Factors
    ) -> BlockObjective:
        plan = self.plan
        species = plan.species_numbers(configurations.symbols)
        weights = plan.sources[source].absolute
        if weights is not None and weights.function is not None:
            return FunctionBlock(
                self.model,
                configurations,
                factors,
                species,
                len(plan.job.species),
                plan.sources[source].used,
                self._residual(source, weights.function, weights.normalize_by_natoms),
                (plan.sources[source].file, chosen),
                self._weights(source, weights, chosen, configurations),
                plan.job.loss,
                self._workspace,
            )
        if weights is not None:
            energy, atoms, stress = weights_by_target(weights, configurations)
            factors = replace(
                factors, energy=factors.energy * energy, stress=factors.stress * stress, atoms=atoms
            )
        return BlockObjective(
            self.model,
            configurations,
            factors,
            species,
            len(plan.job.species),
            plan.job.loss,
            self._workspace,
        )

    def _residual(self, source: int, file: ResidualFile, normalize_by_natoms: bool) -> Residual:
        if source not in self._residuals:
            self._residuals[source] = load_residual(file, normalize_by_natoms)
        return self._residuals[source]

    def _weights(
        self, source: int, weights: AbsoluteWeights, chosen: IntArray, configurations: Configurations
    ) -> list[object]:
        """Return the weight objects for a residual function, which does not receive factors."""
        own = self._residuals[source].weight
        if own is not None:
            return [own(number) for number in chosen.tolist()]
        given = property_weights(weights, self.plan.indices[source], chosen)
        energy, atoms, stress = weights_by_target(weights, configurations)
        ptr = configurations.ptr
        return [
            ConfigurationWeight(
                float(given.config[k]),
                float(given.energy[k] * energy[k]),
                float(given.forces[k])
                if atoms is None
                else np.repeat(given.forces[k] * atoms[ptr[k] : ptr[k + 1]], 3),
                float(given.stress[k] * stress[k]),
            )
            for k in range(len(chosen))
        ]


def _require_volumes(name: str, numbers: IntArray, configurations: Configurations, factors: Factors) -> None:
    flat = (factors.stress > 0) & (np.linalg.det(configurations.cell) == 0.0)
    if flat.any():
        where = f"{name}: configuration {numbers[flat][0]}"
        raise InputError([Fault(where, "stress is fitted but the cell has no volume")])
