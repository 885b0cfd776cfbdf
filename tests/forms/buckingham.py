"""Sample and oracle of `buckingham`."""

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
    """Return A exp(-r/rho) - C/r^6 summed over unordered pairs closer than the cut-off."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    return ((p["A"] * np.exp(-r / p["rho"]) - p["C"] / r**6) * (r < p["cutoff"])).sum() / 2


RECORDS = (
    Sample(
        "buckingham",
        energy,
        values={
            "A": (900.0, 700.0, 1100.0),
            "rho": (0.3, 0.27, 0.33),
            "C": (30.0, 10.0, 50.0),
            "cutoff": (5.0, 4.5, 5.5),
        },
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
        lammps=functools.partial(of_pairs, "buck", "A rho C cutoff"),
    ),
)
