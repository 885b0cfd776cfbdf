"""Structures for the tests, and their neighbours by brute force over periodic images."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.library import Batch
from hpcfit.records import FloatArray, IntArray


@dataclass(frozen=True)
class Structure:
    """Atoms in a cell; the cell is never singular, vectors without periodicity are there for the volume only."""

    cell: FloatArray
    pbc: tuple[bool, bool, bool]
    position: FloatArray
    species: NDArray[np.int32]


@dataclass(frozen=True)
class Pairs:
    """Neighbours of every atom, sorted by atom, and for each atom the unordered pairs of its neighbours.

    `first` and `second` count into the neighbours.
    """

    atom: IntArray
    other: IntArray
    image: IntArray

    @property
    def first(self) -> IntArray:
        return self._both[0]

    @property
    def second(self) -> IntArray:
        return self._both[1]

    @functools.cached_property
    def _both(self) -> tuple[IntArray, IntArray]:
        first, second = np.nonzero(np.triu(self.atom[:, None] == self.atom[None, :], 1))
        return first, second


def find_pairs(structure: Structure, reach: float) -> Pairs:
    """Return all neighbours closer than `reach`, by comparing every atom with every image of every atom."""
    return _find_pairs(structure.cell.tobytes(), structure.pbc, structure.position.tobytes(), reach)


@functools.lru_cache(maxsize=1024)
def _find_pairs(cell: bytes, pbc: tuple[bool, bool, bool], positions: bytes, reach: float) -> Pairs:
    """Do so by content: tests evaluate the same structures with many parameters."""
    position, no_species = np.frombuffer(positions).reshape(-1, 3), np.zeros(0, dtype=np.int32)
    structure = Structure(np.frombuffer(cell).reshape(3, 3), pbc, position, no_species)
    fraction = position @ np.linalg.inv(structure.cell)
    images = _images(structure, reach, np.ptp(fraction, axis=0))
    n = len(position)
    difference = position[None, :] - position[:, None]
    vector = difference[:, :, None] + (images @ structure.cell)[None, None]
    near = np.einsum("abkx,abkx->abk", vector, vector) < reach**2
    near[np.arange(n), np.arange(n), len(images) // 2] = False
    atom, other, k = np.nonzero(near)
    return Pairs(atom, other, images[k].reshape(-1, 3))


def _images(structure: Structure, reach: float, spread: FloatArray) -> IntArray:
    """Return the cells [n, 3] that atoms closer than `reach` can lie in, the home cell in the middle.

    The columns of the inverse cell are as long as the lattice planes are dense, hence the limit; `spread` [3] is the
    extent of the atoms in fractional coordinates.
    """
    density = np.linalg.norm(np.linalg.inv(structure.cell), axis=0)
    limit = np.ceil(reach * density + spread).astype(int) * np.array(structure.pbc)
    return np.array(list(itertools.product(*(range(-n, n + 1) for n in limit))))


def vectors(structure: Structure, pairs: Pairs, dtype: Any = np.longdouble) -> NDArray[Any]:
    """Return the vectors from atoms to neighbours, in extended precision unless told otherwise."""
    position, cell = structure.position.astype(dtype), structure.cell.astype(dtype)
    found: NDArray[Any] = position[pairs.other] + pairs.image.astype(dtype) @ cell - position[pairs.atom]
    return found


def batch_of(structures: list[Structure], reach: float, n_species: int) -> Batch:
    """Return structures with their neighbours closer than `reach` as the kernels take them."""
    pairs = [find_pairs(s, reach) for s in structures]
    start = np.concatenate([[0], np.cumsum([len(s.species) for s in structures])]).astype(np.int64)
    counts = [np.bincount(p.atom, minlength=len(s.species)) for s, p in zip(structures, pairs, strict=True)]
    neighbour = [p.other + first for p, first in zip(pairs, start, strict=False)]
    vector = [vectors(s, p).astype(np.float64) for s, p in zip(structures, pairs, strict=True)]
    return Batch(
        n_species=n_species,
        structure_start=start,
        species=np.concatenate([s.species for s in structures]),
        neighbour_start=np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64),
        neighbour=np.concatenate(neighbour).astype(np.int32),
        vector=np.concatenate(vector),
        cell=np.array([s.cell for s in structures]),
        periodic=np.array([s.pbc for s in structures], dtype=np.int32),
        position=np.concatenate([s.position for s in structures]),
    )


#: Name, atoms, periodicity, atoms' volume and shear of the random cells: the volume is in units of distance^3 (2.2 is
#: silicon's), the shear in units of the cell's edge.
SHAPES = (
    ("30 atoms", 30, (True, True, True), 2.2, 0.1),
    ("skewed", 9, (True, True, True), 2.2, 0.9),
    ("one atom", 1, (True, True, True), 2.2, 0.4),
    ("two atoms", 2, (True, True, True), 2.2, 0.6),
    ("three atoms", 3, (True, True, True), 2.5, 0.9),
    ("wire", 3, (False, False, True), 2.5, 0.3),
    ("slab", 4, (True, True, False), 2.5, 0.3),
    ("cluster", 6, (False, False, False), 2.5, 0.2),
    ("lone atom", 1, (False, False, False), 2.2, 0.0),
)


def random_structures(
    rng: np.random.Generator, n_species: int, distance: float, kinks: FloatArray
) -> dict[str, Structure]:
    """Return one random structure of every shape.

    Parameters
    ----------
    distance
        Smallest distance between atoms, Angstrom.
    kinks
        Distances [..., n_species, n_species], Angstrom, such as cut-offs; no pair is so close to one of its own that a
        small displacement crosses it.
    """
    return {
        name: _random_structure(rng, n_atoms, pbc, volume, shear, n_species, distance, kinks)
        for name, n_atoms, pbc, volume, shear in SHAPES
    }


def _random_structure(
    rng: np.random.Generator,
    n_atoms: int,
    pbc: tuple[bool, bool, bool],
    volume: float,
    shear: float,
    n_species: int,
    distance: float,
    kinks: FloatArray,
) -> Structure:
    for _ in range(10000):
        edge = distance * (volume * n_atoms) ** (1 / 3)
        cell = edge * (np.diag(rng.uniform(0.9, 1.1, 3)) + shear * np.tril(rng.uniform(-1, 1, (3, 3)), -1))
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        empty = Structure(cell @ turn, pbc, np.zeros((0, 3)), np.zeros(0, dtype=np.int32))
        structure = replace(
            _fill(rng, empty, n_atoms, distance),
            species=rng.permutation(np.arange(n_atoms) % n_species).astype(np.int32),
        )
        if len(structure.position) == n_atoms and _suits(structure, distance, kinks):
            return structure
    raise AssertionError(f"no random structure of {n_atoms} atoms in 10000 trials")


def _fill(rng: np.random.Generator, structure: Structure, n_atoms: int, distance: float) -> Structure:
    """Add atoms at random until there are `n_atoms` or too many trials came too close to another."""
    shift = _images(structure, distance, np.ones(3)) @ structure.cell
    position = structure.position
    for _ in range(30 * n_atoms):
        trial = rng.uniform(0, 1, 3) @ structure.cell
        others = (position - trial)[:, None] + shift
        if (np.linalg.norm(others, axis=-1) >= distance).all():
            position = np.concatenate([position, trial[None]])
        if len(position) == n_atoms:
            break
    return replace(structure, position=position)


def _suits(structure: Structure, distance: float, kinks: FloatArray) -> bool:
    """Return whether no atom is too close to its own images and no pair is close to one of its kinks."""
    pairs = find_pairs(structure, float(kinks.max()) + 1.0)
    r = np.linalg.norm(vectors(structure, pairs, np.float64), axis=1)
    near = np.abs(r - kinks[..., structure.species[pairs.atom], structure.species[pairs.other]]) <= 1e-3
    return not near.any() and bool((r >= distance).all())
