"""What every rank knows before it reads an atom: the job, what it selects, its weights and its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.dataset.selection import select
from hpcfit.errors import Fault, InputError
from hpcfit.objective.compiled import Compiled, compile_job
from hpcfit.objective.partition import Block, cut_blocks
from hpcfit.objective.weights import Factors, factors, has_target
from hpcfit.records import DatasetIndex, DatasetSource, IntArray, Job


@dataclass(frozen=True)
class Plan:
    """The work of a job; the same on every rank and for every number of ranks.

    Parameters
    ----------
    job
        The job.
    indices
        Per dataset of the job, in document order, its index.
    selected
        Per dataset, the selected configurations in ascending order.
    factors
        Per dataset, the weights of the selected configurations.
    blocks
        All selected configurations, cut into blocks.
    compiled
        The programs of the job's functions and constraints.
    """

    job: Job
    indices: tuple[DatasetIndex, ...]
    selected: tuple[IntArray, ...]
    factors: tuple[Factors, ...]
    blocks: tuple[Block, ...]
    compiled: Compiled

    @property
    def warnings(self) -> tuple[str, ...]:
        """What looks like a mistake in the job but may be meant."""
        return (*self.job.warnings, *self.compiled.warnings)

    @property
    def sources(self) -> tuple[DatasetSource, ...]:
        """The datasets of the job, in document order."""
        return self.job.datasets

    @property
    def n_configurations(self) -> int:
        """Number of selected configurations."""
        return sum(len(selected) for selected in self.selected)

    @property
    def n_atoms(self) -> int:
        """Number of atoms in the selected configurations."""
        return sum(block.n_atoms for block in self.blocks)

    @property
    def n_residuals(self) -> int:
        """Number of components with a factor that is not zero."""
        total = 0
        for index, selected, factor in zip(self.indices, self.selected, self.factors, strict=True):
            n_atoms = np.diff(index.ptr)[selected]
            total += int(np.count_nonzero(factor.energy) + 6 * np.count_nonzero(factor.stress))
            total += int(3 * n_atoms[factor.forces != 0].sum())
        return total

    @property
    def loss_factor(self) -> float:
        """What turns the sum of squares into the loss that the job asks for: KLIFF's has one half."""
        return 0.5 if self.job.absolute else 1.0

    def species_numbers(self, symbols: Sequence[str]) -> list[int]:
        """Return the job's number of each of a dataset's species."""
        return [self.job.species.index(symbol) for symbol in symbols]


def make_plan(job: Job, indices: Sequence[DatasetIndex]) -> Plan:
    """Select configurations, weigh them and cut them into blocks.

    Parameters
    ----------
    job
        The job.
    indices
        Per dataset of the job, in document order, its index.

    Raises
    ------
    InputError
        With every selection that is faulty or empty, every species that the job does not name, every fitted
        property without a single target, and weights of configurations that are no weights.
    """
    faults: list[Fault] = []
    selected = []
    for source, index in zip(job.datasets, indices, strict=True):
        where = job.place(source.line)
        faults.extend(
            Fault(where, f"{source.file} holds a species that the job lacks", symbol, ", ".join(job.species))
            for symbol in index.symbols
            if symbol not in job.species
        )
        try:
            selected.append(select(index, source.select))
        except ValueError as error:
            faults.append(Fault(where, str(error)))
        else:
            faults.extend(_without_target(where, source, index, selected[-1]))
            faults.extend(_bad_weight(source, index, selected[-1]))
    if faults:
        raise InputError(faults)
    weights = factors(job, indices, selected)
    sizes = [np.diff(index.ptr)[chosen] for index, chosen in zip(indices, selected, strict=True)]
    n_blocks = job.fitting.blocks if job.fitting else None
    blocks = cut_blocks(selected, sizes, n_blocks)
    plan = Plan(job, tuple(indices), tuple(selected), weights, blocks, compile_job(job))
    if job.fitting is not None and plan.n_residuals == 0:
        raise InputError([Fault(job.path, "nothing to fit", "weights or targets that leave no residual")])
    return plan


def _without_target(
    where: str, source: DatasetSource, index: DatasetIndex, selected: IntArray
) -> Iterator[Fault]:
    for prop in source.properties:
        if prop.fit and not has_target(index, selected, prop.name).any():
            yield Fault(where, f"no target for <{prop.name}>", f"0 of {len(selected)} configurations")


def _bad_weight(source: DatasetSource, index: DatasetIndex, selected: IntArray) -> Iterator[Fault]:
    weight = index.weight[selected]
    bad = selected[~(np.isfinite(weight) & (weight >= 0))]
    if len(bad):
        yield Fault(f"{source.file}: configuration {bad[0]}", "weight is negative or not finite")
