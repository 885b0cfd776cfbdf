"""Sample and oracle of `tersoff-mod`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.forms._bond_order import tersoff_mod
from tests.forms._lammps import by_columns
from tests.forms._sample import Sample


def _lammps(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    columns = "beta alpha h eta beta_ters lambda2 B R D lambda1 A n c1 c2 c3 c4 c5"
    return by_columns("tersoff/mod", columns, {**table, "beta_ters": np.ones((n_species,) * 2)}, n_species)


RECORDS = (
    Sample(
        "tersoff-mod",
        tersoff_mod,
        values={
            "beta": (1.0, 1.0, 3.0),
            "alpha": (0.9, 0.3, 0.9),
            "h": (-0.365, -0.5, 0.1),
            "eta": (1.1, 0.8, 1.3),
            "lambda2": (1.35, 1.3, 1.6),
            "B": (121.0, 100.0, 150.0),
            "R": (3.0, 2.8, 3.3),
            "D": (0.3, 0.2, 0.5),
            "lambda1": (2.8, 2.6, 3.2),
            "A": (2200.0, 1800.0, 2600.0),
            "n": (0.94, 0.7, 1.2),
            "c1": (0.2, 0.1, 0.4),
            "c2": (1.3, 0.7, 1.6),
            "c3": (1.1, 0.8, 1.6),
            "c4": (0.9, 0.5, 1.2),
            "c5": (2.6, 1.5, 4.0),
        },
        distance=2.0,
        mutual=("R", "D"),
        lammps=_lammps,
    ),
)
