"""The range of densities in a job's structures, which the table of an embedding function must cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.selection import select
from hpcfit.errors import Fault, InputError
from hpcfit.export.crystals import COMPRESSION, largest_density
from hpcfit.export.source import DensityRange, ExportSource
from hpcfit.objective.model import Model
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Configurations, Job

#: Structures whose neighbours are in memory at a time.
_AT_ONCE = 100


def has_densities(source: ExportSource) -> bool:
    """Return whether a potential has densities."""
    n = range(len(source.species))
    return any(row.name == "electron-density" for row in source.form.roles) and any(
        source.function("electron-density", host, other) for host in n for other in n
    )


def density_range(job: Job, source: ExportSource) -> DensityRange:
    """Return the range of densities and the smallest distance in all structures of a job, and in compressed crystals.

    Raises
    ------
    InputError
        If the job has no structures, or a dataset cannot be read.
    """
    cutoff, model = source.cutoff, Model(replace(job, potentials=(source.potential,), constraints=()))
    found, shortest = [np.zeros(0)], np.inf
    n_structures = 0
    for configurations in structures_of(job):
        numbers = [job.species.index(symbol) for symbol in configurations.symbols]
        batch = find_neighbours(configurations, numbers, len(job.species), cutoff)
        for own in model.densities(model.geometry(batch), model.start):
            embedded = own[np.isfinite(own)]
            found.append(embedded[[embedded.argmin(), embedded.argmax()]] if len(embedded) else embedded)
        shortest = min(shortest, float(np.sqrt((batch.vector**2).sum(axis=1)).min(initial=np.inf)))
        n_structures += len(configurations)
    if n_structures == 0:
        what = "no structures to find the largest density in"
        raise InputError([Fault(job.path, what, allowed="--largest-density")])
    ends = np.concatenate(found)
    # Without densities the table has one meaningful value, at 0.
    met = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 0.0)
    if not np.isfinite(shortest) or not len(ends):
        return DensityRange(*met, shortest)
    spacing = COMPRESSION * shortest
    return DensityRange(*met, shortest, largest_density(model, job.species, spacing), spacing)


def structures_of(job: Job) -> Iterator[Configurations]:
    """Yield all structures of a job, in parts that fit into memory.

    Raises
    ------
    InputError
        If a dataset cannot be read or has species that the job lacks.
    """
    for structure in job.own_structures:
        yield Configurations.bare(job.species, [structure.atoms])
    for source in job.datasets:
        with Dataset(source.path, source.file) as dataset:
            index = dataset.index()
            if unknown := sorted(set(index.symbols) - set(job.species)):
                what = f"{source.file} holds a species that the job lacks"
                raise InputError([Fault(job.place(source.line), what, ", ".join(unknown))])
            try:
                chosen = select(index, source.select)
            except ValueError as error:
                raise InputError([Fault(job.place(source.line), str(error))]) from error
            for start in range(0, len(index), _AT_ONCE):
                stop = min(start + _AT_ONCE, len(index))
                own = chosen[(chosen >= start) & (chosen < stop)]
                if len(own):
                    yield dataset.read(start, stop).take(own - start)
