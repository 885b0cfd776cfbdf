"""The plan of a fit, equal on all ranks: the job, selected configurations, weights and blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.dataset.selection import select
from hpcfit.errors import Fault, InputError, nearest
from hpcfit.objective.acceleration import describe_acceleration
from hpcfit.objective.compiled import Compiled, compile_job
from hpcfit.objective.partition import Block, PlannedStructures, cut_blocks, share_blocks, structure_cost
from hpcfit.objective.structures.checks import structure_faults
from hpcfit.objective.structures.plan import plan_structures
from hpcfit.objective.weights import Factors, Weights, has_target, weigh
from hpcfit.potential.library import potential_forms
from hpcfit.records import DatasetIndex, DatasetSource, IntArray, Job

#: Largest Jacobian that may be gathered, bytes.
_MOST_GATHERED = 256_000_000


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
    weights
        Weights of the selected configurations, own structures and derived properties.
    data_blocks
        All selected configurations, cut into blocks.
    structure_blocks
        All own structures and derived properties, cut into blocks.
    compiled
        The programs of the job's functions, constraints and derived properties.
    """

    job: Job
    indices: tuple[DatasetIndex, ...]
    selected: tuple[IntArray, ...]
    weights: Weights
    data_blocks: tuple[Block, ...]
    structure_blocks: tuple[PlannedStructures, ...]
    compiled: Compiled

    @property
    def factors(self) -> tuple[Factors, ...]:
        """Per dataset, the factors of the selected configurations."""
        return self.weights.datasets

    @property
    def blocks(self) -> tuple[Block | PlannedStructures, ...]:
        """All blocks: first those of datasets, then those of own structures."""
        return (*self.data_blocks, *self.structure_blocks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Possible mistakes in the job."""
        return (*self.job.warnings, *self.compiled.warnings)

    @property
    def sources(self) -> tuple[DatasetSource, ...]:
        """The datasets of the job, in document order."""
        return self.job.datasets

    @property
    def n_structures(self) -> int:
        """Number of selected configurations and own structures."""
        return sum(len(selected) for selected in self.selected) + len(self.job.own_structures)

    @property
    def n_atoms(self) -> int:
        """Number of atoms in the selected configurations and own structures."""
        return sum(block.n_atoms for block in self.blocks)

    @property
    def n_residuals(self) -> int:
        """Number of components with a nonzero factor, plus priors."""
        total = sum(p.has_prior for p in self.job.free)
        for index, selected, factor in zip(self.indices, self.selected, self.factors, strict=True):
            n_atoms = np.diff(index.ptr)[selected]
            total += int(np.count_nonzero(factor.energy) + 6 * np.count_nonzero(factor.stress))
            total += int(3 * n_atoms[factor.forces != 0].sum())
        return total + sum(_n_components(block) for block in self.structure_blocks)

    @property
    def n_fitted_properties(self) -> int:
        """Number of fitted properties of own structures, including derived ones."""
        weights = [*self.weights.structures, self.weights.derived]
        return sum(weight > 0.0 for own in weights for weight in own)

    @property
    def runs_python(self) -> bool:
        """Whether residuals come from Python functions."""
        return any(source.runs_python for source in self.sources)

    @property
    def acceleration(self) -> str:
        """Source of the solver's second derivatives; empty if it uses none."""
        return describe_acceleration(self.job, {form.name: form for form in potential_forms()})

    @property
    def assembly(self) -> str:
        """How residuals and Jacobian are assembled on the root."""
        return self.job.fitting.assembly if self.job.fitting else "tsqr"

    @property
    def n_rows(self) -> int:
        """Number of computed components, including those of factor zero."""
        total = sum(_n_components(block) for block in self.structure_blocks)
        for index, selected, factor in zip(self.indices, self.selected, self.factors, strict=True):
            per_structure = 7 if factor.stress.any() else 1
            total += per_structure * len(selected) + 3 * int(np.diff(index.ptr)[selected].sum())
        return total

    @property
    def loss_factor(self) -> float:
        """Factor from the sum of squares to the job's loss: one half for KLIFF's."""
        return 0.5 if self.job.absolute else 1.0

    @property
    def loss_label(self) -> str:
        """Name of the loss."""
        return "loss" if self.job.absolute else "chi^2"

    def species_numbers(self, symbols: Sequence[str]) -> list[int]:
        """Return the job's species numbers of a dataset's species."""
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
        When there are no structures for a fit; with every invalid own structure, every invalid or empty selection,
        every species that the job lacks, every fitted property without any target, and invalid weights of
        configurations.
    """
    faults: list[Fault] = [*structure_faults(job), *_without_bonds(job, indices)]
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
            faults.extend(_unsuited_weights(where, source, index))
            faults.extend(_missing_for_function(source, index, selected[-1]))
    if faults:
        raise InputError(faults)
    if job.fitting is not None and not (job.datasets or job.own_structures):
        raise InputError([Fault(job.path, "no structures", allowed="one or more")])
    weights, compiled = weigh(job, indices, selected), compile_job(job)
    sizes = [np.diff(index.ptr)[chosen] for index, chosen in zip(indices, selected, strict=True)]
    n_data, n_own = share_blocks(
        job.fitting.blocks if job.fitting else None,
        float(sum(size.sum() for size in sizes)),
        sum(structure_cost(structure) for structure in job.own_structures),
    )
    plan = Plan(
        job,
        tuple(indices),
        tuple(selected),
        weights,
        cut_blocks(selected, sizes, n_data, len(job.free)),
        plan_structures(job, weights, compiled.derived, n_own),
        compiled,
    )
    if job.fitting is not None and plan.n_residuals == sum(p.has_prior for p in job.free):
        raise InputError([Fault(job.path, "nothing to fit", "all weights are zero or no target is given")])
    size = 8 * plan.n_rows * (1 + len(job.free))
    if plan.assembly == "gather" and size > _MOST_GATHERED:
        found, allowed = f"{size / 1e6:.0f} MB", f"{_MOST_GATHERED / 1e6:.0f} MB, or another assembly"
        raise InputError(
            [Fault(job.path, 'assembly="gather" needs too much memory on one rank', found, allowed)]
        )
    return plan


def _n_components(block: PlannedStructures) -> int:
    plan = block.plan
    total = sum(weight > 0.0 for weight in plan.derived_weights)
    for structure, weights in zip(plan.structures[: plan.n_own], plan.weights, strict=True):
        fitted = zip(structure.properties, weights, strict=True)
        total += sum(len(prop.target) for prop, weight in fitted if weight > 0.0)
    return total


def _without_bonds(job: Job, indices: Sequence[DatasetIndex]) -> Iterator[Fault]:
    """Yield every species to whose bonds a potential is restricted but which no atom has."""
    present = {symbol for index in indices for symbol in index.symbols}
    present |= {
        job.species[k] for structure in job.own_structures for k in set(structure.atoms.species.tolist())
    }
    for potential in job.potentials:
        for name, number in (("species-a", potential.bonds.a), ("species-b", potential.bonds.b)):
            if number >= 0 and (symbol := job.species[number]) not in present:
                what = f"{name} of {potential.id} is in no structure or dataset"
                near = nearest(symbol, present)
                yield Fault(job.place(potential.line), what, symbol, ", ".join(sorted(present)), near)


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


def _unsuited_weights(where: str, source: DatasetSource, index: DatasetIndex) -> Iterator[Fault]:
    if source.absolute is None:
        if index.property_weight is not None or index.force_weights:
            what = f"{source.file} holds weights of properties"
            yield Fault(where, what, "normalised weights", 'weights="absolute"')
    elif source.absolute.table is not None and source.absolute.table.n_lines not in (1, len(index)):
        found = f"{source.absolute.table.n_lines} lines"
        yield Fault(where, f"table of weights does not fit {source.file}", found, f"1 or {len(index)}")


def _missing_for_function(source: DatasetSource, index: DatasetIndex, selected: IntArray) -> Iterator[Fault]:
    """Yield missing targets of a user's function, which needs all of them."""
    for prop in source.properties if source.runs_python else ():
        lacking = selected[has_target(index, selected, prop.name) == 0.0]
        if prop.fit and len(lacking):
            where = f"{source.file}: configuration {lacking[0]}"
            yield Fault(
                where, f"no target for <{prop.name}> of the residual function", f"{len(lacking)} such"
            )
