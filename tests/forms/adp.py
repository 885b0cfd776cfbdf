"""Sample and oracle of `adp`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._functions import applied
from tests.forms._sample import Sample
from tests.forms.eam import energy as embedded_energy
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Mishin, Mehl and Papaconstantopoulos (2005), eqs. 1-5."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    mu, lamda = np.zeros((len(species), 3), dtype=r.dtype), np.zeros((len(species), 3, 3), dtype=r.dtype)
    np.add.at(mu, pairs.atom, applied(table["u-function"], kind, r)[:, None] * vector)
    squares = vector[:, :, None] * vector[:, None, :]
    np.add.at(lamda, pairs.atom, applied(table["w-function"], kind, r)[:, None, None] * squares)
    trace = np.trace(lamda, axis1=1, axis2=2)
    angular = (mu**2).sum() / 2 + (lamda**2).sum() / 2 - (trace**2).sum() / 6
    return embedded_energy(species, pairs, vector, table) + angular


RECORDS = (
    Sample(
        "adp",
        energy,
        values={},
        distance=2.1,
        tolerance=1e-8,  # some derivatives for three species are 1e-5 of the values that are subtracted (1e-9)
        # LAMMPS reads tables and splines alone, whose errors are no matter of the kernels.
    ),
)
