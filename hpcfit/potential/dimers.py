"""The pair energy of a pair potential, from the kernels: one dimer at each distance."""

from __future__ import annotations

import numpy as np

from hpcfit.potential.batch import Batch
from hpcfit.potential.library import Geometry, evaluate
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
