"""Sample and oracle of `stillinger-weber`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._lammps import of_triplets
from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def _lammps(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    def entry(i: int, j: int, k: int) -> list[Any]:
        sigma = table["sigma"][i, j]
        return [
            1.0,  # epsilon: our A and lambda are energies
            sigma,
            table["cutoff"][i, j] / sigma,
            table["lambda"][i, j, k],
            table["gamma"][i, j] / sigma,
            table["costheta0"][i, j, k],
            *(table[name][i, j] for name in "ABpq"),
            0.0,  # tol: no shortening of the cut-off
        ]

    return of_triplets("sw", n_species, entry)


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return the energy of Stillinger and Weber (1985), eqs. 2.2-2.5, by visiting every triplet."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    inside = r < table["cutoff"][kind]
    gap = np.where(inside, r - table["cutoff"][kind], -1)
    s = table["sigma"][kind]
    power = table["B"][kind] * (s / r) ** table["p"][kind] - (s / r) ** table["q"][kind]
    two = (table["A"][kind] * power * np.exp(s / gap) * inside).sum() / 2
    g = np.exp(table["gamma"][kind] / gap) * inside
    j, k = pairs.first, pairs.second
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    triplet = species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]
    return two + (table["lambda"][triplet] * (cosine - table["costheta0"][triplet]) ** 2 * g[j] * g[k]).sum()


RECORDS = (
    Sample(
        "stillinger-weber",
        energy,
        values={
            "A": (15.2848, 12.0, 18.0),
            "B": (0.602225, 0.5, 0.7),
            "p": (4.0, 3.5, 4.5),
            "q": (0.0, 0.1, 0.5),
            "sigma": (2.0951, 1.9, 2.3),
            "gamma": (2.51412, 2.0, 3.0),
            "cutoff": (3.77118, 3.4, 4.2),
            "lambda": (45.5322, 20.0, 60.0),
            "costheta0": (-1 / 3, -0.6, 0.1),
        },
        distance=2.1,
        lammps=_lammps,
    ),
)
