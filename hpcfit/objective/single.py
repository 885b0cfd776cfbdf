"""Energy, forces and virial of one structure, or the largest density in several, without relaxation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.potential.library import Geometry, NotFinite
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Atoms, Configurations, FloatArray


@dataclass(frozen=True)
class Single:
    """Predictions of a model for one structure.

    Parameters
    ----------
    energy
        eV.
    forces
        [n, 3], eV/Angstrom.
    virial
        [6], eV, order xx yy zz yz xz xy.
    first_non_finite
        The first of them that is not finite.
    """

    energy: float
    forces: FloatArray
    virial: FloatArray
    first_non_finite: NotFinite | None


def evaluate_single(model: Model, x: FloatArray, atoms: Atoms) -> Single:
    """Return energy, forces and virial of `atoms`, whose species are numbers of the job, at `x` [n_free]."""
    geometry = _geometry(model, [atoms])
    columns = np.zeros((1, geometry.n_rows(virials=True)))
    first_non_finite = model.evaluate(geometry, x, columns, virials=True)
    row = columns[0]
    return Single(float(row[0]), row[1:-6].reshape(-1, 3).copy(), row[-6:].copy(), first_non_finite)


def largest_densities(model: Model, x: FloatArray, structures: Sequence[Atoms]) -> FloatArray:
    """Return `Model.largest_densities` of structures whose species are numbers of the job."""
    with np.errstate(all="ignore"):
        return model.largest_densities(_geometry(model, structures), x)


def _geometry(model: Model, structures: Sequence[Atoms]) -> Geometry:
    numbers = list(range(model.n_species))
    # Symbols are not used: potentials identify species by number.
    bare = Configurations.bare([str(number) for number in numbers], structures)
    return model.geometry(find_neighbours(bare, numbers, model.n_species, model.cutoff))
