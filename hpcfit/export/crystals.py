"""Crystals so compressed that no simulation meets a larger density."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Atoms, Configurations, FloatArray

#: Distance of neighbours in units of the smallest one in a job's structures: a third of the volume.
COMPRESSION = 0.7

_FCC = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2.0

#: Positions in units of a cube, which of two species is there, and the distance of neighbours in units of the cube.
_CRYSTALS = (
    (_FCC, (0, 0, 0, 0), 0.5**0.5),
    (np.concatenate([_FCC, _FCC + 0.25]), (0, 0, 0, 0, 1, 1, 1, 1), 0.75**0.5 / 2.0),
    (np.concatenate([_FCC, _FCC + 0.5]), (0, 0, 0, 0, 1, 1, 1, 1), 0.5),
    (np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), (0, 1), 0.75**0.5),
    (_FCC, (0, 1, 1, 1), 0.5**0.5),
)


def largest_density(model: Model, species: Sequence[str], spacing: float) -> float:
    """Return the largest density of an atom in crystals whose neighbours are some distance apart.

    The crystals are fcc, diamond, simple cubic and bcc of each species, and zincblende, rock salt, CsCl and L1_2 of
    each ordered pair.

    Parameters
    ----------
    model
        One potential with densities.
    species
        The job's.
    spacing
        Distance of neighbours, Angstrom.
    """
    structures = Configurations.bare(species, list(_crystals(len(species), spacing)))
    numbers = list(range(len(species)))
    batch = find_neighbours(structures, numbers, len(species), model.cutoff)
    largest = model.largest_densities(model.geometry(batch), model.start)
    return float(largest.max(initial=0.0, where=np.isfinite(largest)))


def _crystals(n_species: int, spacing: float) -> Iterator[Atoms]:
    for positions, kinds, distance in _CRYSTALS:
        edge: FloatArray = np.eye(3) * spacing / distance
        for pair in itertools.product(range(n_species), repeat=2):
            chosen = np.array([pair[kind] for kind in kinds], dtype=np.int32)
            yield Atoms(chosen, edge, np.ones(3, dtype=bool), positions @ edge)
