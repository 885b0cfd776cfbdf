"""What structures would cost: lengths and numbers of neighbours that no structure in Angstrom has are refused.

Lengths in another unit, or a cut-off with a digit too many, would otherwise fill the memory for hours.
"""

from __future__ import annotations

import math
import os

import numpy as np

from hpcfit.input_files import size_text
from hpcfit.potential.neighbours import complete
from hpcfit.records import Configurations, FloatArray

#: Most neighbours of one atom.
MOST_NEIGHBOURS = 100_000

#: Bytes of the geometry of one neighbour, about.
_BYTES = 100


def neighbours_per_atom(c: Configurations, reach: float) -> FloatArray:
    """Return about how many neighbours an atom of each configuration has within `reach` (Angstrom), [n].

    Infinite where a cell has no volume. The atoms of a configuration are taken as spread evenly.
    """
    if len(c.position) == 0:
        return np.zeros(len(c))
    with np.errstate(all="ignore"):
        extent = np.maximum.reduceat(c.position, c.ptr[:-1]) - np.minimum.reduceat(c.position, c.ptr[:-1])
        share = np.minimum(1.0, 2.0 * reach / np.maximum(extent, 1e-9))
        images = np.where(c.pbc, 2.0 * reach / _heights(c), share)
        number = np.diff(c.ptr) * (math.pi / 6.0) * np.prod(images, axis=1)
    return np.where(np.isfinite(number), number, np.inf)


def _heights(c: Configurations) -> FloatArray:
    """Return the distances of opposite faces of each cell, [n, 3]."""
    cell = c.cell.copy()
    is_partial = np.asarray(cell.any(axis=2)).sum(axis=1) < 3
    for k in np.flatnonzero(is_partial & np.asarray(c.pbc.any(axis=1))):
        cell[k] = complete(cell[k])
    normal = np.cross(np.roll(cell, -1, axis=1), np.roll(cell, -2, axis=1))
    return np.asarray(np.abs(np.sum(cell * normal, axis=2)) / np.linalg.norm(normal, axis=2))


def cost(n_neighbours: float, most_of_an_atom: float, reach: float) -> tuple[str, str]:
    """Return what neighbours cost, and what is allowed; two empty texts if they are allowed.

    Parameters
    ----------
    n_neighbours
        Of all atoms in memory at a time.
    most_of_an_atom
        Of the atom with the most.
    reach
        Angstrom.
    """
    n_bytes, memory = n_neighbours * _BYTES, memory_size()
    found = (
        f"{most_of_an_atom:.0e} neighbours of each atom within {reach:g} A, {size_text(n_bytes)} of memory"
    )
    if most_of_an_atom > MOST_NEIGHBOURS:
        return found, f"{MOST_NEIGHBOURS} neighbours; lengths are in A"
    if n_bytes > memory:
        return found, f"{size_text(memory)} on this machine; ranks on more machines share it"
    return "", ""


def memory_size() -> float:
    """Return the bytes of memory of this machine."""
    return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
