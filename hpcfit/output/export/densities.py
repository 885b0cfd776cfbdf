"""The densities that atoms meet in a job's structures: where the table of an embedding function must reach to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.selection import select
from hpcfit.errors import Fault, InputError
from hpcfit.output.export.source import DensityRange, Source
from hpcfit.potential.functions import tabulate
from hpcfit.potential.library import Batch
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Configurations, FloatArray, Job

#: Structures whose neighbours are held at a time.
_AT_ONCE = 100


def has_densities(source: Source) -> bool:
    """Return whether atoms of a potential have a density at all."""
    n = range(len(source.species))
    return any(row.name == "electron-density" for row in source.form.roles) and any(
        source.function("electron-density", host, other) for host in n for other in n
    )


def density_range(job: Job, source: Source) -> DensityRange:
    """Return the range of densities and the smallest distance in all structures of a job.

    Raises
    ------
    InputError
        When the job has no structures, or one of its datasets cannot be read.
    """
    lowest, highest, shortest = np.inf, 0.0, np.inf
    for configurations in _structures(job):
        numbers = [job.species.index(symbol) for symbol in configurations.symbols]
        batch = find_neighbours(configurations, numbers, len(job.species), source.cutoff)
        density, distance = _densities(source, batch)
        lowest, highest = min(lowest, float(density.min())), max(highest, float(density.max()))
        shortest = min(shortest, distance)
    if np.isinf(lowest):
        what = "no structures to find the largest density in"
        raise InputError([Fault(job.path, what, allowed="--largest-density")])
    return DensityRange(lowest, highest, shortest)


def _structures(job: Job) -> Iterator[Configurations]:
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


def _densities(source: Source, batch: Batch) -> tuple[FloatArray, float]:
    """Return the density [n_atoms] of every atom, and the smallest distance."""
    atom = np.repeat(np.arange(len(batch.species)), np.diff(batch.neighbour_start))
    r = np.sqrt((batch.vector**2).sum(axis=1))
    density = np.zeros(len(batch.species))
    for host in range(batch.n_species):
        for other in range(batch.n_species):
            function = source.function("electron-density", host, other)
            own = (batch.species[atom] == host) & (batch.species[batch.neighbour] == other)
            if function is None or not own.any():
                continue
            values = np.array([p.start for p in function.all_parameters])
            contributions = tabulate(function, values, r[own])[0]
            density += np.bincount(atom[own], contributions, len(density))
    return density, float(r.min(initial=np.inf))
