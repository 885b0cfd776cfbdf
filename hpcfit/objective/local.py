"""The blocks that one rank owns."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from hpcfit.dataset.reader import Dataset
from hpcfit.errors import Fault, InputError
from hpcfit.objective.block import BlockObjective
from hpcfit.objective.model import Model
from hpcfit.objective.plan import Plan
from hpcfit.objective.weights import Factors
from hpcfit.potential.library import NotFinite
from hpcfit.records import Configurations, FloatArray, IntArray

_Answer = TypeVar("_Answer")


class LocalObjective:
    """Answers for a contiguous range of the job's blocks, one value per block.

    Parameters
    ----------
    plan
        The job, its datasets and its blocks.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.model = Model(plan.job, plan.compiled)
        self.seconds: FloatArray = np.zeros(0)  #: [n_owned], time of the last question per block
        self._owned = range(0)
        self._blocks: dict[int, BlockObjective] = {}

    def own(self, first: int, last: int) -> None:
        """Take over blocks `first` to `last` - 1: read those that are new, forget the others."""
        self._owned = range(first, last)
        self._blocks = {k: block for k, block in self._blocks.items() if k in self._owned}
        missing = [k for k in self._owned if k not in self._blocks]
        for _, numbers in itertools.groupby(missing, key=lambda k: self.plan.blocks[k].source):
            self._load(list(numbers))

    @property
    def blocks(self) -> list[BlockObjective]:
        """The blocks owned, in order."""
        return [self._blocks[k] for k in self._owned]

    @property
    def first(self) -> int:
        """Number of the first block owned."""
        return self._owned.start

    def ask(self, question: Callable[[BlockObjective], _Answer]) -> list[_Answer]:
        """Put a question to every block, and note how long each took."""
        answers = []
        self.seconds = np.zeros(len(self._owned))
        # Numbers that are not finite are part of the answers, which is no reason to warn about each.
        with np.errstate(all="ignore"):
            for k, block in enumerate(self.blocks):
                start = time.perf_counter()
                answers.append(question(block))
                self.seconds[k] = time.perf_counter() - start
        return answers

    def trouble(self) -> tuple[int, NotFinite] | None:
        """Return the first block, and where in it, whose last answer was not finite."""
        for k in self._owned:
            if (found := self._blocks[k].trouble) is not None:
                return k, found
        return None

    def _load(self, numbers: list[int]) -> None:
        """Read blocks of one dataset, which is opened once for all of them."""
        plan = self.plan
        source = plan.blocks[numbers[0]].source
        with Dataset(plan.sources[source].path, plan.sources[source].file) as dataset:
            for number in numbers:
                chosen = plan.blocks[number].configurations
                read = dataset.read(int(chosen[0]), int(chosen[-1]) + 1)
                configurations = read if len(read) == len(chosen) else read.take(chosen - chosen[0])
                factors = plan.factors[source].take(np.searchsorted(plan.selected[source], chosen))
                _require_volumes(dataset.name, chosen, configurations, factors)
                species = plan.species_numbers(configurations.symbols)
                self._blocks[number] = BlockObjective(
                    self.model, configurations, factors, species, len(plan.job.species)
                )


def _require_volumes(name: str, numbers: IntArray, configurations: Configurations, factors: Factors) -> None:
    flat = (factors.stress > 0) & (np.linalg.det(configurations.cell) == 0.0)
    if flat.any():
        where = f"{name}: configuration {numbers[flat][0]}"
        raise InputError([Fault(where, "stress is fitted but the cell has no volume")])
