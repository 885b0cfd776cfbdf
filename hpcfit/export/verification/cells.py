"""Structures on which an exported potential is compared with LAMMPS: those of the job, and random cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcfit.export.densities import structures_of
from hpcfit.records import Atoms, Configurations, FloatArray, Job

#: At most this many structures of the job are compared.
MOST_OWN = 100

#: Distance of neighbours of random cells before atoms are moved, in units of the usual one.
KINDS = {"dense": 1.0, "compressed": 0.8, "sparse": 1.6}

_SEEDS = (1, 2)

#: Largest displacement of an atom along each axis, in units of the distance of neighbours, and largest strain.
_MOVED, _STRAINED = 0.08, 0.05

_CUBE = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2.0


def own_structures(job: Job) -> tuple[list[Atoms], int]:
    """Return structures of a job, evenly spread over all, and the number of all."""
    kept: list[Atoms] = []
    stride, n = 1, 0
    for part in structures_of(job):
        numbers = np.array([job.species.index(symbol) for symbol in part.symbols], dtype=np.int32)
        for k in range(len(part)):
            if n % stride == 0:
                kept.append(_atoms(part, k, numbers))
            n += 1
            if len(kept) > 2 * MOST_OWN:
                kept, stride = kept[::2], 2 * stride
    return kept[:: 2 if len(kept) > MOST_OWN else 1], n


def _atoms(part: Configurations, k: int, numbers: np.ndarray) -> Atoms:
    own = slice(part.ptr[k], part.ptr[k + 1])
    return Atoms(numbers[part.species[own]], part.cell[k], part.pbc[k], part.position[own])


def random_cells(kind: str, n_species: int, spacing: float) -> list[Atoms]:
    """Return cells of displaced atoms of all species.

    Parameters
    ----------
    kind
        One of `KINDS`.
    n_species
        Number of species.
    spacing
        Usual distance of neighbours, Angstrom.
    """
    found = []
    for seed in _SEEDS:
        rng = np.random.default_rng([seed, list(KINDS).index(kind)])
        repeats = (2, 1, 1 + n_species // 8)
        places = np.concatenate([_CUBE + step for step in np.ndindex(repeats)]) / repeats
        distance = KINDS[kind] * spacing
        edges = np.array(repeats) * distance * 2.0**0.5
        cell = np.diag(edges) @ (np.eye(3) + rng.uniform(-_STRAINED, _STRAINED, (3, 3)))
        moved = rng.uniform(-_MOVED, _MOVED, places.shape) * distance
        species = rng.permutation(np.arange(len(places)) % n_species).astype(np.int32)
        found.append(Atoms(species, cell, np.ones(3, dtype=bool), places @ cell + moved))
    return found


def periodic(atoms: Atoms, cutoff: float) -> Atoms:
    """Return the same atoms in a cell that is periodic in all directions, with as many neighbours."""
    if atoms.pbc.all():
        return atoms
    rows: list[FloatArray] = [row for row, own in zip(atoms.cell, atoms.pbc, strict=True) if own]
    basis = np.linalg.svd(np.array(rows).reshape(-1, 3))[2] if rows else np.eye(3)
    for direction in basis[len(rows) :]:
        along = atoms.position @ direction
        rows.append(direction * (float(np.ptp(along)) + cutoff + 1.0))
    return Atoms(atoms.species, np.array(rows), np.ones(3, dtype=bool), atoms.position)


def scaled(atoms: Atoms, factor: float) -> Atoms:
    """Return a structure with all lengths multiplied."""
    return Atoms(atoms.species, atoms.cell * factor, atoms.pbc, atoms.position * factor)


def usual_spacing(job: Job, shortest: float) -> float:
    """Return the distance of neighbours that random cells have: the smallest in a job's structures if there is one.

    Else it is that of the covalent radii of the species.
    """
    if np.isfinite(shortest):
        return shortest
    from ase.data import atomic_numbers, covalent_radii

    given: Sequence[int | None] = job.atomic_numbers or (None,) * len(job.species)
    numbers = [
        atomic_numbers.get(symbol) if z is None else z for symbol, z in zip(job.species, given, strict=True)
    ]
    radii = [float(covalent_radii[z]) for z in numbers if z]
    return 2.0 * max(radii) if radii else 2.5
