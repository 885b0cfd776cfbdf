"""Neighbour lists from vesin, periodic images and self-images included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import vesin
from numpy.typing import NDArray

from hpcfit.potential.batch import Batch
from hpcfit.records import Bonds, Configurations, FloatArray


def find_neighbours(
    configurations: Configurations, species: list[int], n_species: int, cutoff: float
) -> Batch:
    """Return the batch of all configurations with every neighbour closer than `cutoff`.

    Parameters
    ----------
    configurations
        The structures.
    species
        The kernels' species number of each of the configurations' symbols.
    n_species
        Number of species in the kernels.
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
        **_places(configurations),
    )


def _places(configurations: Configurations) -> dict[str, Any]:
    return {
        "cell": np.ascontiguousarray(configurations.cell),
        "periodic": configurations.pbc.astype(np.int32),
        "position": np.ascontiguousarray(configurations.position),
    }


def _without_neighbours(configurations: Configurations, species: list[int], n_species: int) -> Batch:
    n_atoms = len(configurations.species)
    return Batch(
        n_species=n_species,
        structure_start=np.ascontiguousarray(configurations.ptr, dtype=np.int64),
        species=np.asarray(species, dtype=np.int32)[configurations.species],
        neighbour_start=np.zeros(n_atoms + 1, dtype=np.int64),
        neighbour=np.zeros(0, dtype=np.int32),
        vector=np.zeros((0, 3)),
        **_places(configurations),
    )


def seen_by(bonds: Bonds, batch: Batch) -> Batch:
    """Return the batch with the neighbours of some bonds only, in the same order."""
    species = range(batch.n_species)
    seen = np.array([[bonds.seen(a, b) for b in species] for a in species])
    n_neighbours = np.diff(batch.neighbour_start)
    kept = seen[np.repeat(batch.species, n_neighbours), batch.species[batch.neighbour]]
    before = np.concatenate([[0], np.cumsum(kept)])
    return replace(
        batch,
        neighbour_start=before[batch.neighbour_start].astype(np.int64, copy=False),
        neighbour=batch.neighbour[kept],
        vector=batch.vector[kept],
    )


@dataclass(frozen=True)
class Pairs:
    """Neighbours by images of the cell, so that they stay valid when atoms move; the order ignores positions.

    Parameters
    ----------
    start
        int64 [n_atoms + 1], first pair of each atom.
    first, second
        int32 [n], ascending.
    shift
        [n, 3], whole numbers: the vector is x[second] - x[first] + shift @ cell.
    """

    start: NDArray[np.int64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    shift: FloatArray


def find_pairs(cell: FloatArray, pbc: NDArray[np.bool_], position: FloatArray, reach: float) -> Pairs:
    """Return all pairs of atoms closer than `reach`, periodic images and self-images included.

    Parameters
    ----------
    cell
        [3, 3], Angstrom; rows of directions that are not periodic may be zero.
    pbc
        bool [3].
    position
        [n_atoms, 3], Angstrom.
    reach
        Angstrom; no atom has neighbours at 0.
    """
    if reach == 0.0:
        nobody = np.zeros(0, dtype=np.int32)
        return Pairs(np.zeros(len(position) + 1, dtype=np.int64), nobody, nobody, np.zeros((0, 3)))
    finder = vesin.NeighborList(cutoff=reach, full_list=True)
    i, j, shift = finder.compute(position, complete(cell), pbc, "ijS")
    shift = shift * pbc
    order = np.lexsort((shift[:, 2], shift[:, 1], shift[:, 0], j, i))
    start = np.zeros(len(position) + 1, dtype=np.int64)
    np.cumsum(np.bincount(i.astype(np.int64), minlength=len(position)), out=start[1:])
    return Pairs(start, i[order].astype(np.int32), j[order].astype(np.int32), shift[order].astype(np.float64))


def complete(cell: FloatArray) -> FloatArray:
    """Return the cell with zero rows replaced by unit vectors orthogonal to the others."""
    if cell.any(axis=1).all():
        return cell
    _, _, across = np.linalg.svd(cell)
    free = iter(across[np.linalg.matrix_rank(cell) :])
    return np.array([row if row.any() else next(free) for row in cell])
