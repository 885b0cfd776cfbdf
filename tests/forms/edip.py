"""Sample and oracle of `edip`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._lammps import by_columns
from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs

_COLUMNS = "A B cutoffA cutoffC alpha beta eta gamma lambda mu rho sigma Q0 u1 u2 u3 u4"


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return the energy of Justo et al. (1998), eqs. 1-9, by visiting every pair in both orders and every triplet."""
    r = np.sqrt((vector**2).sum(axis=1))
    kind = species[pairs.atom], species[pairs.other]
    p = {name: values[kind] for name, values in table.items() if values.ndim == 2}
    inside = r < p["cutoffA"]
    gap = np.where(inside, r - p["cutoffA"], -1)
    x = (r - p["cutoffC"]) / (p["cutoffA"] - p["cutoffC"])
    between = np.where(inside & (x > 0), x, 0.5)
    f = np.where(x > 0, np.exp(p["alpha"] / (1 - between**-3)), 1) * inside
    coordination = np.zeros(len(species), dtype=vector.dtype)
    np.add.at(coordination, pairs.atom, f)
    bond = (p["B"] / r) ** p["rho"] - np.exp(-p["beta"] * coordination[pairs.atom] ** 2)
    two = (p["A"] * bond * np.exp(p["sigma"] / gap) * inside).sum()
    g = np.exp(p["gamma"] / gap) * inside
    j, k = pairs.first, pairs.second
    t = {
        name: values[species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]]
        for name, values in table.items()
        if values.ndim == 3
    }
    z = coordination[pairs.atom[j]]
    tau = t["u1"] + t["u2"] * (t["u3"] * np.exp(-t["u4"] * z) - np.exp(-2 * t["u4"] * z))
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    square = t["Q0"] * np.exp(-t["mu"] * z) * (cosine + tau) ** 2
    return two + (g[j] * g[k] * t["lambda"] * (1 - np.exp(-square) + t["eta"] * square)).sum()


RECORDS = (
    Sample(
        "edip",
        energy,
        values={
            "A": (7.982173, 7.0, 9.0),
            "B": (1.5075463, 1.3, 1.6),
            "cutoffA": (3.121382, 3.0, 3.4),
            "cutoffC": (2.5609104, 2.2, 2.6),
            "alpha": (3.1083847, 2.5, 3.5),
            "beta": (0.0070975, 0.005, 0.02),
            "gamma": (1.1247945, 0.8, 1.4),
            "rho": (1.2085196, 1.0, 2.0),
            "sigma": (0.5774108, 0.4, 0.7),
            "eta": (0.2523244, 0.2, 0.6),
            "lambda": (1.4533108, 1.0, 3.0),
            "mu": (0.6966326, 0.4, 0.8),
            "Q0": (312.1341346, 20.0, 60.0),
            "u1": (-0.165799, -0.3, -0.1),
            "u2": (32.557, 3.0, 6.0),
            "u3": (0.286198, 0.2, 0.4),
            "u4": (0.66, 0.4, 0.7),
        },
        distance=2.1,
        kinks=("cutoffC",),
        tolerance=1e-8,  # steps are short beside the kinks (measured 3e-9)
        lammps=functools.partial(by_columns, "edip/multi", _COLUMNS),
    ),
)
