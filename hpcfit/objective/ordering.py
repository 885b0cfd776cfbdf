"""Rows of a block ordered by configuration: energy, 3N forces, 6 stresses, as far as fitted."""

from __future__ import annotations

import numpy as np

from hpcfit.records import IntArray


def by_configuration(ptr: IntArray, used: tuple[bool, bool, bool]) -> tuple[IntArray, IntArray]:
    """Return the indices of rows ordered by configuration among the kernels' rows.

    Parameters
    ----------
    ptr
        [n + 1], first atom of each configuration, starting at 0.
    used
        Whether energies, forces and stresses are fitted.

    Returns
    -------
    place : IntArray
        [n_rows], into energies [n], force components [3 n_atoms], virials [6 n].
    start : IntArray
        [n + 1], first row of each configuration.
    """
    n, n_atoms = len(ptr) - 1, int(ptr[-1])
    size = used[0] + used[1] * 3 * np.diff(ptr) + used[2] * 6
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    place = np.empty(start[-1], dtype=np.int64)
    first = start[:-1].copy()
    if used[0]:
        place[first] = np.arange(n)
        first += 1
    if used[1]:
        row = np.arange(3 * n_atoms)
        place[row + np.repeat(first - 3 * ptr[:-1], 3 * np.diff(ptr))] = n + row
        first += 3 * np.diff(ptr)
    if used[2]:
        place[first[:, None] + np.arange(6)] = n + 3 * n_atoms + np.arange(6 * n).reshape(n, 6)
    return place, start
