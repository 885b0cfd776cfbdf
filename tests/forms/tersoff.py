"""Sample and oracle of `tersoff`."""

from __future__ import annotations

import functools

from tests.forms._bond_order import tersoff
from tests.forms._lammps import by_columns
from tests.forms._sample import Sample

COLUMNS = "m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A"


RECORDS = (
    Sample(
        "tersoff",
        tersoff,
        values={
            "m": (3.0, 1.0, 3.0),
            "gamma": (0.9, 0.7, 1.3),
            "lambda3": (0.8, 0.3, 0.9),
            "c": (1.9, 1.2, 2.4),
            "d": (0.9, 0.7, 1.2),
            "costheta0": (-0.5, -0.6, 0.1),
            "n": (1.2, 0.7, 1.6),
            "beta": (0.4, 0.3, 0.6),
            "lambda2": (1.4, 1.3, 1.7),
            "B": (150.0, 100.0, 200.0),
            "R": (3.1, 2.8, 3.4),
            "D": (0.3, 0.2, 0.5),
            "lambda1": (2.6, 2.4, 3.0),
            "A": (1800.0, 1500.0, 2200.0),
        },
        distance=2.0,
        mutual=("R", "D"),
        lammps=functools.partial(by_columns, "tersoff", COLUMNS),
    ),
)
