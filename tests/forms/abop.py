"""Sample and oracle of `abop`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.forms._bond_order import abop
from tests.forms._lammps import by_columns
from tests.forms._sample import Sample
from tests.forms.tersoff import COLUMNS


def _lammps(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    s, r0 = table["S"].astype(float), table["r0"].astype(float)
    decay1, decay2 = table["beta"] * np.sqrt(2 * s), table["beta"] * np.sqrt(2 / s)
    names = {"twomu": "lambda3", "powern": "n", "beta2": "beta", "bigr": "R", "bigd": "D"}
    converted = {names.get(name, name): values for name, values in table.items() if name != "beta"}
    converted |= {"costheta0": -table["h"], "lambda1": decay1, "lambda2": decay2}
    converted["A"] = table["D0"] / (s - 1) * np.exp((decay1 * r0).astype(float))
    converted["B"] = s * table["D0"] / (s - 1) * np.exp((decay2 * r0).astype(float))
    return by_columns("tersoff", COLUMNS, converted, n_species)


RECORDS = (
    Sample(
        "abop",
        abop,
        values={
            "D0": (3.2, 2.5, 4.0),
            "S": (1.6, 1.3, 2.0),
            "r0": (2.22, 2.1, 2.3),
            "beta": (1.5, 1.3, 1.7),
            "gamma": (0.3, 0.1, 0.5),
            "c": (1.6, 1.0, 2.0),
            "d": (0.8, 0.6, 1.2),
            "h": (0.4, -0.2, 0.6),
            "twomu": (0.7, 0.3, 0.9),
            "beta2": (0.9, 0.7, 1.2),
            "powern": (1.1, 0.8, 1.4),
            "m": (1.0, 1.0, 3.0),
            "bigr": (3.2, 3.0, 3.5),
            "bigd": (0.4, 0.3, 0.5),
        },
        distance=2.0,
        mutual=("bigr", "bigd"),
        lammps=_lammps,
    ),
)
