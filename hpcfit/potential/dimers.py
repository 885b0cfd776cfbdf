"""The pair energy of a pair potential, from the kernels: one dimer at each distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.batch import Batch
from hpcfit.potential.library import Geometry, evaluate
from hpcfit.potential.library_functions import Functions, Scratch
from hpcfit.records import FloatArray


def pair_energies(
    form: str,
    sizes: tuple[int, ...],
    values: FloatArray,
    species: tuple[int, int],
    n_species: int,
    r: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the energies [n], eV, of two atoms at distances `r` [n], Angstrom, and their slopes [n], eV/Angstrom.

    Parameters
    ----------
    form, sizes
        A potential without functions.
    values
        All its parameters, in the order of its table, combinations of species inside.
    species
        Species of the two atoms.
    n_species
        Number of species of the parameters.
    r
        Distances.
    """
    n = len(r)
    vector = np.zeros((2 * n, 3))
    vector[::2, 0], vector[1::2, 0] = r, -r
    batch = Batch(
        n_species=n_species,
        structure_start=np.arange(0, 2 * n + 1, 2, dtype=np.int64),
        species=np.tile(np.array(species, dtype=np.int32), n),
        neighbour_start=np.arange(2 * n + 1, dtype=np.int64),
        neighbour=np.arange(2 * n, dtype=np.int32).reshape(-1, 2)[:, ::-1].ravel(),
        vector=vector,
    )
    geometry = Geometry(batch)
    columns = np.zeros((1, geometry.n_rows(virials=False)))
    evaluate(form, geometry, values, np.zeros(0, dtype=np.int32), columns, False, sizes=sizes)
    return columns[0, :n].copy(), columns[0, n::6].copy()


def trimer_energies(
    form: str,
    sizes: tuple[int, ...],
    values: FloatArray,
    species: tuple[int, ...],
    n_species: int,
    r: FloatArray,
    functions: Functions | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return energies [n] of two or three atoms and their slopes [n] by the distance of the first two.

    The third atom is beside the first, at a right angle, at three quarters of the shortest distance.

    Parameters
    ----------
    form, sizes, values, n_species
        As of `pair_energies`.
    species
        Of two or three atoms.
    r
        [n], distances of the first two, Angstrom.
    functions
        Of a potential with functions: compiled without derivatives.
    """
    n, m = len(r), len(species)
    position = np.zeros((n, m, 3))
    position[:, 1, 0] = r
    if m > 2:
        position[:, 2, 1] = 0.75 * r.min()
    others = np.array([[b for b in range(m) if b != a] for a in range(m)])
    vector = position[:, others] - position[:, :, None]
    neighbour = np.arange(n)[:, None, None] * m + others
    batch = Batch(
        n_species=n_species,
        structure_start=np.arange(0, m * n + 1, m, dtype=np.int64),
        species=np.tile(np.array(species, dtype=np.int32), n),
        neighbour_start=np.arange(0, m * (m - 1) * n + 1, m - 1, dtype=np.int64),
        neighbour=neighbour.ravel().astype(np.int32),
        vector=vector.reshape(-1, 3),
    )
    geometry = Geometry(batch)
    free: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
    columns = np.zeros((1, geometry.n_rows(virials=False)))
    evaluate(form, geometry, values, free, columns, False, functions, Scratch(), sizes=sizes)
    forces = columns[0, n:].reshape(n, m, 3)
    return columns[0, :n].copy(), -forces[:, 1, 0]
