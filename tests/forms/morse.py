"""Sample and oracle of `morse`."""

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
    """Return Morse (1929), eq. 4, summed over unordered pairs closer than the cut-off."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    x = p["alpha"] * (r - p["r0"])
    return (p["D0"] * (np.exp(-2 * x) - 2 * np.exp(-x)) * (r < p["cutoff"])).sum() / 2


RECORDS = (
    Sample(
        "morse",
        energy,
        values={
            "D0": (0.3, 0.2, 0.4),
            "alpha": (1.5, 1.2, 1.8),
            "r0": (2.5, 2.3, 2.7),
            "cutoff": (5.0, 4.5, 5.5),
        },
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
        lammps=functools.partial(of_pairs, "morse", "D0 alpha r0 cutoff"),
    ),
)
