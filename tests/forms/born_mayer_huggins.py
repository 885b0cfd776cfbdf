"""Sample and oracle of `born-mayer-huggins`."""

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
    """Return Fumi and Tosi (1964) without charges and with +D, summed over unordered pairs."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    repulsion = p["A"] * np.exp((p["sigma"] - r) / p["rho"])
    return ((repulsion - p["C"] / r**6 + p["D"] / r**8) * (r < p["cutoff"])).sum() / 2


RECORDS = (
    Sample(
        "born-mayer-huggins",
        energy,
        values={
            "A": (0.25, 0.2, 0.3),
            "rho": (0.32, 0.25, 0.4),
            "sigma": (2.3, 2.1, 2.6),
            "C": (30.0, 10.0, 50.0),
            "D": (20.0, 5.0, 40.0),
            "cutoff": (5.0, 4.5, 5.5),
        },
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
        lammps=functools.partial(of_pairs, "born", "A rho sigma C D cutoff"),
    ),
)
