"""Structures and their neighbours in the layout of the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray, IntArray


@dataclass(frozen=True)
class Batch:
    """Structures and their neighbours as the kernels take them.

    Parameters
    ----------
    n_species
        Species are 0 ... n_species - 1.
    structure_start
        int64 [n_structures + 1], first atom of each structure.
    species
        int32 [n_atoms].
    neighbour_start
        int64 [n_atoms + 1], first neighbour of each atom.
    neighbour
        int32 [n_neighbours], the neighbour's place among the batch's atoms; full list, images included.
    vector
        [n_neighbours, 3], from the atom to its neighbour, Angstrom.
    cell
        [n_structures, 3, 3], rows are the cell's vectors, Angstrom; this and the following only where a potential
        needs them.
    periodic
        int32 [n_structures, 3], whether the cell repeats along each of them.
    position
        [n_atoms, 3], Angstrom.
    """

    n_species: int
    structure_start: IntArray
    species: NDArray[np.int32]
    neighbour_start: IntArray
    neighbour: NDArray[np.int32]
    vector: FloatArray
    cell: FloatArray | None = None
    periodic: NDArray[np.int32] | None = None
    position: FloatArray | None = None
