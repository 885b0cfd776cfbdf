"""Functions of one variable for the combinations of species in a structure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def applied(functions: NDArray[Any], species: tuple[NDArray[np.int32], ...], x: NDArray[Any]) -> Any:
    """Return at every argument x the value of the function for its combination of species."""
    found = np.zeros(x.shape, dtype=x.dtype)
    for tuple_ in np.ndindex(functions.shape):
        chosen = np.logical_and.reduce([s == t for s, t in zip(species, tuple_, strict=True)])
        found[chosen] = functions[tuple_](x[chosen])
    return found
