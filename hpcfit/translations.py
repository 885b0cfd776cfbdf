"""Moves atoms that stand many cells away back into the cell, so that their coordinates keep their digits."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

#: Atoms up to this many cells outside stay where they are: their coordinates lose no digit that counts.
_NEAR = 1


def cells_away(cell: Array, pbc: Sequence[bool], position: Array) -> NDArray[np.int64]:
    """Return how many cell vectors [n, 3] lie between atoms far outside the cell and the cell; 0 for atoms near it.

    Parameters
    ----------
    cell
        [3, 3], Angstrom; rows of directions that are not periodic may be zero.
    pbc
        bool [3].
    position
        [n, 3], Angstrom.
    """
    away = np.zeros(position.shape, dtype=np.int64)
    axes = np.flatnonzero(pbc)
    if len(axes) == 0 or not np.isfinite(position).all():
        return away
    fractional = position @ np.linalg.pinv(cell[axes])
    # Rounding must not move an atom on a face of the cell to the opposite face.
    whole = np.floor(fractional + 1e-6)
    far = (np.abs(whole) > _NEAR).any(axis=1)
    away[np.ix_(far, axes)] = whole[far]
    return away


def wrapped(cell: Array, pbc: Sequence[bool], position: Array) -> Array:
    """Return positions of which none is far outside the cell; each moves by whole cell vectors, as in `cells_away`."""
    away = cells_away(cell, pbc, position)
    if not away.any():
        return position
    # With the further digits the products of whole numbers and vectors are exact.
    moved = position.astype(np.longdouble) - away.astype(np.longdouble) @ cell.astype(np.longdouble)
    return np.asarray(np.where(away.any(axis=1, keepdims=True), moved.astype(np.float64), position))


def moved_words(
    words: Sequence[Sequence[str]],
    cell: Sequence[Sequence[str]],
    away: NDArray[np.int64],
    reduced: Sequence[bool],
) -> Array:
    """Return coordinates [n, 3] given as decimal numbers, moved by whole cell vectors and rounded once.

    Parameters
    ----------
    words
        Three numbers per atom, Angstrom, or in units of the cell's vectors where `reduced`.
    cell
        The cell vectors, three numbers each; the text decides, not its rounding to binary numbers.
    away
        [n, 3], as from `cells_away`.
    reduced
        [n].
    """
    vectors = [[Fraction(word) for word in row] for row in cell]
    found = []
    for row, whole, is_reduced in zip(words, away.tolist(), reduced, strict=True):
        numbers = [Fraction(word) for word in row]
        if is_reduced:
            found.append([float(number - n) for number, n in zip(numbers, whole, strict=True)])
            continue
        origin = [
            sum((n * v[axis] for n, v in zip(whole, vectors, strict=True)), Fraction()) for axis in range(3)
        ]
        found.append([float(number - start) for number, start in zip(numbers, origin, strict=True)])
    return np.array(found).reshape(-1, 3)
