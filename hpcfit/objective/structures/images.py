"""Evaluation of many images of few structures at once; neighbours are updated only after large displacements."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.potential.batch import Batch
from hpcfit.potential.neighbours import Pairs, complete, find_pairs
from hpcfit.records import FloatArray
from hpcfit.structure.evaluation_requests import Evaluation, Evaluations, Images

#: Pairs per call: enough to hide the call overhead, few enough for the second-level cache.
_MOST_PAIRS = 200_000

#: Neighbours are searched up to this factor times the required distance.
_MARGIN = 1.05


@dataclass(frozen=True)
class _Found:
    """Pairs, and the geometry in which they were found."""

    pairs: Pairs
    cell: FloatArray
    position: FloatArray
    reach: float


class ImagesEvaluator:
    """Evaluates a model for images of structures.

    The result depends on the request alone: pairs beyond the cut-off are dropped and the others sorted, so that it does
    not depend on when neighbours were found.

    Parameters
    ----------
    model
        The job's potentials.
    n_species
        Number of species of the job.
    """

    def __init__(self, model: Model, n_species: int) -> None:
        self._model = model
        self._n_species = n_species
        self._found: dict[Hashable, _Found] = {}
        self._x: FloatArray = model.start

    def at(self, x: FloatArray) -> None:
        """Set the variables [n_free] for the next requests."""
        self._x = x.copy()

    @property
    def n_bytes(self) -> int:
        """Memory of the neighbours."""
        return sum(found.pairs.shift.nbytes * 4 // 3 for found in self._found.values())

    def __call__(self, images: Sequence[Images], derivatives: bool) -> Evaluations:
        """Return the evaluations of images, optionally with derivatives by the variables."""
        pieces: list[list[Evaluation]] = [[] for _ in images]
        portion: list[tuple[int, Images, _Found]] = []
        room = _MOST_PAIRS
        for number, own in enumerate(images):
            found = self._pairs(own)
            done, n_pairs = 0, len(found.pairs.first) + 1
            while done < len(own.cell):
                n = max(1, min(len(own.cell) - done, room // n_pairs))
                portion.append((number, _slice(own, done, done + n), found))
                done, room = done + n, room - n * n_pairs
                if room < n_pairs:
                    self._evaluate(portion, derivatives, pieces)
                    portion, room = [], _MOST_PAIRS
        if portion:
            self._evaluate(portion, derivatives, pieces)
        return [_concatenated(portions) for portions in pieces]

    def _pairs(self, images: Images) -> _Found:
        """Return pairs that include all neighbours of all images."""
        found = self._found.get(images.key)
        if found is None or _needed(found.cell, found.position, images, self._model.cutoff) > found.reach:
            cell, position = images.cell[0], images.position[0]
            reach = _MARGIN * _needed(cell, position, images, self._model.cutoff)
            found = _Found(find_pairs(cell, images.pbc, position, reach), cell, position, reach)
            self._found[images.key] = found
        return found

    def _evaluate(
        self, portion: Sequence[tuple[int, Images, _Found]], derivatives: bool, pieces: list[list[Evaluation]]
    ) -> None:
        geometry = self._model.geometry(self._batch(portion))
        n_columns = 1 + self._model.n_free if derivatives else 1
        columns = np.zeros((n_columns, geometry.n_rows(virials=True)))
        self._model.evaluate(geometry, self._x, columns, virials=True)
        n, n_atoms = geometry.n_structures, geometry.n_atoms
        forces = columns[:, n : n + 3 * n_atoms]
        virials = columns[:, n + 3 * n_atoms :]
        first, atom = 0, 0
        for number, own, _ in portion:
            k, n_own = own.position.shape[:2]
            last, end = first + k, atom + k * n_own
            pieces[number].append(
                Evaluation(
                    columns[:, first:last],
                    forces[:, 3 * atom : 3 * end].reshape(n_columns, k, n_own, 3),
                    virials[:, 6 * first : 6 * last].reshape(n_columns, k, 6),
                )
            )
            first, atom = last, end

    def _batch(self, portion: Sequence[tuple[int, Images, _Found]]) -> Batch:
        starts, neighbours, vectors, species, sizes = [], [], [], [], []
        cells, periodic, positions = [], [], []
        n_atoms = n_pairs = 0
        for _, own, found in portion:
            k, n = own.position.shape[:2]
            start, neighbour, vector = _neighbours(own, found.pairs, self._model.cutoff)
            starts.append(start + n_pairs)
            neighbours.append(neighbour + n_atoms)
            vectors.append(vector)
            species.append(np.tile(own.species, k))
            cells.append(own.cell)
            periodic.append(np.tile(np.asarray(own.pbc, dtype=np.int32), (k, 1)))
            positions.append(own.position.reshape(-1, 3))
            sizes.append(np.full(k, n, dtype=np.int64))
            n_atoms, n_pairs = n_atoms + k * n, n_pairs + len(vector)
        return Batch(
            n_species=self._n_species,
            structure_start=np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(sizes))]),
            species=np.concatenate(species).astype(np.int32, copy=False),
            neighbour_start=np.concatenate([*starts, np.array([n_pairs])]).astype(np.int64, copy=False),
            neighbour=np.concatenate(neighbours).astype(np.int32, copy=False),
            vector=np.concatenate(vectors),
            cell=np.concatenate(cells),
            periodic=np.concatenate(periodic),
            position=np.concatenate(positions),
        )


def _slice(images: Images, first: int, last: int) -> Images:
    if first == 0 and last == len(images.cell):
        return images
    cell, position = images.cell[first:last], images.position[first:last]
    return Images(images.key, images.species, images.pbc, cell, position)


def _concatenated(portions: list[Evaluation]) -> Evaluation:
    if len(portions) == 1:
        return portions[0]
    names = ("energies", "forces", "virials")
    return Evaluation(*(np.concatenate([getattr(a, name) for a in portions], axis=1) for name in names))


def _needed(cell: FloatArray, position: FloatArray, images: Images, cutoff: float) -> float:
    """Return the search distance in the reference structure: strain and displacements shorten distances."""
    reference = complete(cell)
    cells = np.where((cell != 0.0).any(axis=1, keepdims=True), images.cell, reference)
    deformation = np.linalg.inv(reference) @ cells
    nearest = 1.0 - np.sqrt(((deformation - np.eye(3)) ** 2).sum((-1, -2)))
    if not (nearest > 0.5).all():
        nearest = np.linalg.svd(deformation, compute_uv=False)[:, -1]
    moved = images.position - position @ deformation
    moved -= moved[:, :1]
    farthest = np.sqrt((moved**2).sum(-1)).max(axis=-1)
    return float(((cutoff + 2.0 * farthest) / nearest).max())


def _neighbours(images: Images, pairs: Pairs, cutoff: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return first neighbour of each atom, neighbours and vectors of all images within the cut-off."""
    k, n = images.position.shape[:2]
    # By components, which takes a third of the time.
    parts = []
    for axis in range(3):
        x = images.position[:, :, axis]
        part = x.take(pairs.second, axis=1)
        part -= x.take(pairs.first, axis=1)
        for row in range(3):
            shifts, edge = pairs.shift[:, row], images.cell[:, row, axis, None]
            if edge.any():
                part += shifts * edge
        parts.append(part)
    near = parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2 < cutoff**2
    before = np.zeros(near.size + 1, dtype=np.int64)
    np.cumsum(near.ravel(), out=before[1:])
    start = before[(np.arange(k)[:, None] * len(pairs.first) + pairs.start[:-1]).ravel()]
    kept = np.flatnonzero(near)
    neighbour = ((np.arange(k) * n)[:, None] + pairs.second).take(kept)
    vector = np.empty((len(kept), 3))
    for axis in range(3):
        vector[:, axis] = parts[axis].take(kept)
    return start, neighbour, vector
