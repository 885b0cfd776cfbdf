"""Sample and oracle of `one-body`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.forms._sample import Sample
from tests.physics.oracle_cells import Pairs


def energy(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return the sum of the species' energies; atoms do not see each other."""
    return table["energy"][species].sum()


RECORDS = (
    Sample(
        "one-body",
        energy,
        values={"energy": (-1.3, -2.0, 2.0)},
        distance=2.1,
    ),
)
