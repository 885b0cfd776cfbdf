"""Embedded atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._functions import applied
from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32],
    pairs: Pairs,
    vector: NDArray[Any],
    table: dict[str, NDArray[Any]],
    angular: Any = 0.0,
) -> Any:
    """Return Daw and Baskes (1984), eqs. 8 and 9, with a density per host and neighbour, `angular` added to it."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    rho = np.zeros(len(species), dtype=r.dtype) + angular
    np.add.at(rho, pairs.atom, applied(table["electron-density"], kind, r))
    embedding = applied(table["embedding-energy"], (species,), rho).sum()
    return applied(table["pair-interaction"], kind, r).sum() / 2 + embedding


RECORDS = (
    Sample(
        "eam",
        energy,
        values={},
        distance=2.1,
        # LAMMPS reads tables and splines alone, whose errors are no matter of the kernels.
    ),
)
