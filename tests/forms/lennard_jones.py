"""Sample and oracle of `lennard-jones`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._lammps import of_pairs
from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return 4 epsilon [(sigma/r)^12 - (sigma/r)^6] summed over unordered pairs closer than the cut-off."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    s = table["sigma"][kind] / r
    inside = r < table["cutoff"][kind]
    return (4 * table["epsilon"][kind] * (s**12 - s**6) * inside).sum() / 2


RECORDS = (
    Sample(
        "lennard-jones",
        energy,
        values={"sigma": (2.2, 2.1, 2.3), "epsilon": (0.3, 0.2, 0.4), "cutoff": (5.0, 4.5, 5.5)},
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
        lammps=functools.partial(of_pairs, "lj/cut", "epsilon sigma cutoff"),
    ),
)
