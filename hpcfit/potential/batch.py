"""Structures and their neighbours as the kernels take them."""

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
    """

    n_species: int
    structure_start: IntArray
    species: NDArray[np.int32]
    neighbour_start: IntArray
    neighbour: NDArray[np.int32]
    vector: FloatArray
