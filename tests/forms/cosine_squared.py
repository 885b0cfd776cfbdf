"""Sample and oracle of `cosine-squared`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return K (cos theta - costheta0)^2 with Behler's cut-off (2011, eq. 4), by visiting every triplet."""
    r = np.sqrt((vector**2).sum(axis=1))
    kind = species[pairs.atom], species[pairs.other]
    pi, cutoff = np.arctan(np.longdouble(1)) * 4, table["cutoff"][kind]
    f = np.exp(-table["eta"][kind] * r**2) * (1 + np.cos(pi * r / cutoff)) / 2 * (r < cutoff)
    j, k = pairs.first, pairs.second
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    triplet = species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]
    return (table["K"][triplet] * (cosine - table["costheta0"][triplet]) ** 2 * f[j] * f[k]).sum()


RECORDS = (
    Sample(
        "cosine-squared",
        energy,
        values={
            "eta": (0.05, 0.02, 0.1),
            "cutoff": (3.9, 3.5, 4.3),
            "K": (4.0, 2.0, 6.0),
            "costheta0": (-1 / 3, -0.6, 0.1),
        },
        distance=2.1,
        # LAMMPS has three-body terms of this kind in `threebody/table` alone, whose error is that of its grid.
    ),
)
