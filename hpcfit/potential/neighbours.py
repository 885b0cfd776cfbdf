"""Neighbours of reference configurations, periodic images and self-images included (vesin finds them)."""

from __future__ import annotations

import numpy as np
import vesin

from hpcfit.potential.library import Batch
from hpcfit.records import Configurations


def find_neighbours(
    configurations: Configurations, species: list[int], n_species: int, cutoff: float
) -> Batch:
    """Return the batch of all configurations with every neighbour closer than `cutoff`.

    Parameters
    ----------
    configurations
        The structures.
    species
        For each of the configurations' symbols, the kernels' number of that species.
    n_species
        Number of species that the kernels know.
    cutoff
        Angstrom; no atom has neighbours at 0.

    Returns
    -------
    Batch
        Atoms and structures in the order of `configurations`; neighbours sorted by atom.
    """
    if cutoff == 0.0:
        return _without_neighbours(configurations, species, n_species)
    finder = vesin.NeighborList(cutoff=cutoff, full_list=True)
    counts: list[np.ndarray] = []
    neighbours: list[np.ndarray] = []
    vectors: list[np.ndarray] = []
    for k in range(len(configurations)):
        first, last = configurations.ptr[k], configurations.ptr[k + 1]
        i, j, vector = finder.compute(
            configurations.position[first:last], configurations.cell[k], configurations.pbc[k], "ijD"
        )
        order = np.argsort(i, kind="stable")
        counts.append(np.bincount(i.astype(np.int64), minlength=int(last - first)))
        neighbours.append(j[order].astype(np.int32) + np.int32(first))
        vectors.append(vector[order])
    start = np.zeros(len(configurations.species) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([*counts, np.zeros(0, dtype=np.int64)]), out=start[1:])
    return Batch(
        n_species=n_species,
        structure_start=np.ascontiguousarray(configurations.ptr, dtype=np.int64),
        species=np.asarray(species, dtype=np.int32)[configurations.species],
        neighbour_start=start,
        neighbour=np.concatenate([*neighbours, np.zeros(0, dtype=np.int32)]),
        vector=np.ascontiguousarray(np.concatenate([*vectors, np.zeros((0, 3))])),
    )


def _without_neighbours(configurations: Configurations, species: list[int], n_species: int) -> Batch:
    n_atoms = len(configurations.species)
    return Batch(
        n_species=n_species,
        structure_start=np.ascontiguousarray(configurations.ptr, dtype=np.int64),
        species=np.asarray(species, dtype=np.int32)[configurations.species],
        neighbour_start=np.zeros(n_atoms + 1, dtype=np.int64),
        neighbour=np.zeros(0, dtype=np.int32),
        vector=np.zeros((0, 3)),
    )
