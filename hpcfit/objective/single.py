"""Energy, forces and virial of one structure, as it stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.potential.library import NotFinite
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Atoms, Configurations, FloatArray


@dataclass(frozen=True)
class Single:
    """What a model makes of one structure.

    Parameters
    ----------
    energy
        eV.
    forces
        [n, 3], eV/Angstrom.
    virial
        [6], eV, order xx yy zz yz xz xy.
    trouble
        Where one of them is not finite.
    """

    energy: float
    forces: FloatArray
    virial: FloatArray
    trouble: NotFinite | None


def evaluate_single(model: Model, x: FloatArray, atoms: Atoms) -> Single:
    """Return energy, forces and virial of `atoms`, whose species are numbers of the job, at `x` [n_free]."""
    numbers = list(range(model.n_species))
    # Symbols say nothing here: numbers are what the potentials go by.
    bare = Configurations.bare([str(number) for number in numbers], [atoms])
    neighbours = find_neighbours(bare, numbers, model.n_species, model.cutoff)
    geometry = model.geometry(neighbours)
    columns = np.zeros((1, geometry.n_rows(virials=True)))
    trouble = model.evaluate(geometry, x, columns, virials=True)
    row = columns[0]
    return Single(float(row[0]), row[1:-6].reshape(-1, 3).copy(), row[-6:].copy(), trouble)
