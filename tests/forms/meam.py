"""Sample and oracle of `meam`."""

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
    """Return Lenosky et al. (2000), eqs. 1 and 2, by visiting every triplet."""
    r = np.sqrt((vector**2).sum(axis=1))
    f = applied(table["f-function"], (species[pairs.atom], species[pairs.other]), r)
    j, k = pairs.first, pairs.second
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    triplet = species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]
    angular = np.zeros(len(species), dtype=r.dtype)
    np.add.at(angular, pairs.atom[j], f[j] * f[k] * applied(table["g-function"], triplet, cosine))
    return embedded_energy(species, pairs, vector, table, angular)


RECORDS = (
    Sample(
        "meam",
        energy,
        values={},
        distance=2.1,
        tolerance=1e-8,  # some derivatives for three species are 1e-5 of the values that are subtracted (2e-9)
        # LAMMPS reads tables and splines alone, whose errors are no matter of the kernels.
    ),
)
