"""Sample and oracle of `chebyshev`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Lindsey, Fried and Goldman's (2017) pair energies, by powers of the transformed distance."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    near, far = np.exp(-p["inner"] / p["decay"]), np.exp(-p["cutoff"] / p["decay"])
    s = (2 * np.exp(-r / p["decay"]) - near - far) / (near - far)
    polynomials = (1, s, 2 * s**2 - 1, 4 * s**3 - 3 * s, 8 * s**4 - 8 * s**2 + 1)
    total = sum(p[f"c{k}"] * polynomial for k, polynomial in enumerate(polynomials))
    return (total * np.maximum(1 - r / p["cutoff"], 0) ** 3).sum() / 2


RECORDS = (
    Sample(
        "chebyshev",
        energy,
        values={
            "c0": (0.4, 0.2, 0.5),
            "c1": (-0.5, -0.6, -0.3),
            "c2": (0.3, 0.2, 0.4),
            "c3": (-0.2, -0.3, -0.1),
            "c4": (0.1, 0.05, 0.2),
            "cutoff": (5.0, 4.5, 5.5),
            "inner": (1.9, 1.7, 2.0),
            "decay": (1.8, 1.5, 2.2),
        },
        distance=2.1,
        sizes=(5,),
        # LAMMPS has it as a table alone, which test_exports.py compares.
    ),
)
