"""Perturbed images of a structure, from which properties are computed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpcfit.records import Atoms, FloatArray
from hpcfit.structure.evaluation_requests import Evaluation, EvaluationRequest, Images, Requests

#: Vectors of a supercell in units of the cell's, rows of a lower triangular matrix.
Multiples = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

#: The unit cell itself.
ONCE: Multiples = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


class Perturbation(Protocol):
    """A change of a structure; equal perturbations are evaluated once."""

    @property
    def multiples(self) -> Multiples:
        """The supercell that it needs."""

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the changed cells [k, 3, 3] and positions [k, n_atoms of the supercell, 3]."""

    @property
    def excursion(self) -> tuple[float, float]:
        """The largest strain, and the largest displacement, Angstrom."""


@dataclass(frozen=True)
class Unchanged:
    """The structure itself."""

    multiples: Multiples = ONCE

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cell and position."""
        return cell, position

    @property
    def excursion(self) -> tuple[float, float]:
        """Return zeros."""
        return 0.0, 0.0


@dataclass(frozen=True)
class Strained:
    """All vectors (rows) times a matrix."""

    gradient: tuple[float, ...]
    multiples: Multiples = ONCE

    @property
    def matrix(self) -> FloatArray:
        """The matrix [3, 3]."""
        return np.array(self.gradient).reshape(3, 3)

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cells and positions times the matrix."""
        return cell @ self.matrix, position @ self.matrix

    @property
    def excursion(self) -> tuple[float, float]:
        """The strain; no atom moves against it."""
        return float(np.linalg.norm(self.matrix - np.eye(3), 2)), 0.0


@dataclass(frozen=True)
class Sized:
    """All lengths scaled by one factor to a given cell volume."""

    volume: float
    multiples: Multiples = ONCE

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return scaled cells and positions."""
        scale = np.cbrt(self.volume / np.abs(np.linalg.det(cell)))[:, None, None]
        return scale * cell, scale * position

    @property
    def excursion(self) -> tuple[float, float]:
        """Unknown without the structure, hence infinite."""
        return np.inf, 0.0


@dataclass(frozen=True)
class Displaced:
    """One atom moved along an axis, in the first cell of a supercell."""

    atom: int
    axis: int
    amount: float
    multiples: Multiples = ONCE

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cells and positions of the supercell, cell by cell, with the atom moved."""
        origins = np.array(origins_of(self.multiples), dtype=np.float64) @ cell
        moved = (origins[:, :, None] + position[:, None]).reshape(len(cell), -1, 3)
        moved[:, self.atom, self.axis] += self.amount
        return np.array(self.multiples, dtype=np.float64) @ cell, moved

    @property
    def excursion(self) -> tuple[float, float]:
        """The displacement."""
        return 0.0, abs(self.amount)


def origins_of(multiples: Multiples) -> list[tuple[int, int, int]]:
    """Return the indices of a supercell's cells, the origin first."""
    a, b, c = (range(multiples[axis][axis]) for axis in range(3))
    return list(itertools.product(a, b, c))


class Point:
    """Evaluations [columns, k, ...] of a structure and of its images at k points of its degrees of freedom.

    Parameters
    ----------
    cell, position
        [k, 3, 3] and [k, n_atoms, 3].
    evaluations
        By perturbation.
    fraction
        Steps of stencils over the standard ones.
    """

    def __init__(
        self,
        cell: FloatArray,
        position: FloatArray,
        evaluations: dict[Perturbation, Evaluation],
        fraction: float = 1.0,
    ) -> None:
        self.cell, self.position, self.fraction = cell, position, fraction
        self.volume: FloatArray = np.abs(np.linalg.det(cell))  #: [k], Angstrom^3
        self._evaluations = evaluations
        self.base = evaluations[Unchanged()]

    def evaluation(self, perturbation: Perturbation) -> Evaluation:
        """Return the evaluation of a perturbed image."""
        return self._evaluations[perturbation]

    def geometric(self, values: FloatArray) -> FloatArray:
        """Return values [k, m] that do not depend on the potential as columns [columns, k, m]."""
        columns = np.zeros((len(self.base.energies), *values.shape))
        columns[0] = values
        return columns


def evaluate_perturbed(
    key: object,
    atoms: Atoms,
    cell: FloatArray,
    position: FloatArray,
    perturbations: Sequence[Perturbation],
    derivatives: bool,
    fraction: float = 1.0,
) -> Requests[Point]:
    """Evaluate one structure and its perturbed images at k points.

    Parameters
    ----------
    key
        Identifies the structure.
    atoms
        Its species and periodicity.
    cell, position
        [k, 3, 3] and [k, n_atoms, 3].
    perturbations
        The structure itself is always evaluated.
    derivatives
        Whether to compute derivatives by the fitted parameters.
    fraction
        Steps of stencils over the standard ones.
    """
    groups: dict[Multiples, list[Perturbation]] = {ONCE: [Unchanged()]}
    for one in dict.fromkeys(perturbations):
        if one != Unchanged():
            groups.setdefault(one.multiples, []).append(one)
    images = [_images(key, atoms, cell, position, group) for group in groups.values()]
    evaluations = yield EvaluationRequest(tuple(images), derivatives)
    return Point(
        cell,
        position,
        {
            one: _part(evaluation, number, len(cell))
            for group, evaluation in zip(groups.values(), evaluations, strict=True)
            for number, one in enumerate(group)
        },
        fraction,
    )


def _images(
    key: object, atoms: Atoms, cell: FloatArray, position: FloatArray, group: list[Perturbation]
) -> Images:
    changed = [one.apply(cell, position) for one in group]
    multiples = group[0].multiples
    species = np.tile(atoms.species, len(origins_of(multiples)))
    own_key = (key,) if multiples == ONCE else (key, multiples)
    return Images(
        own_key,
        species,
        atoms.pbc,
        np.concatenate([c for c, _ in changed]),
        np.concatenate([x for _, x in changed]),
    )


def _part(whole: Evaluation, number: int, k: int) -> Evaluation:
    own = slice(number * k, (number + 1) * k)
    return Evaluation(whole.energies[:, own], whole.forces[:, own], whole.virials[:, own])
