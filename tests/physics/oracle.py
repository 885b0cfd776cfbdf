"""Energies of every potential from its independent oracle in NumPy, in extended precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.physics.oracle_cells import Structure, find_pairs, vectors
from tests.physics.oracle_samples import FORMS, SAMPLES, reaches


def oracle_energy(name: str, structure: Structure, table: dict[str, NDArray[Any]]) -> Any:
    """Return the energy of one structure in extended precision, eV."""
    pairs = find_pairs(structure, float(reaches(FORMS[name], table).max()))
    return SAMPLES[name].oracle(structure.species, pairs, vectors(structure, pairs), table)


def oracle_function(name: str, structure: Structure, table: dict[str, NDArray[Any]]) -> Callable[..., Any]:
    """Return the energy as a function of small displacements [n, 3] and a strain [3, 3], at fixed neighbours."""
    pairs = find_pairs(structure, float(reaches(FORMS[name], table).max()))
    start = vectors(structure, pairs)

    def energy(displacement: NDArray[Any], strain: NDArray[Any]) -> Any:
        moved = start + displacement[pairs.other] - displacement[pairs.atom]
        return SAMPLES[name].oracle(structure.species, pairs, moved @ (np.eye(3) + strain), table)

    return energy
