"""Copies of a structure in which something is changed: what properties are measured by."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpcfit.records import Atoms, FloatArray
from hpcfit.structure.questions import Answer, Copies, Dialogue, Question

#: Rows of a supercell's vectors in units of the cell's, lower triangular.
Multiples = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

#: The structure's own cell.
ONCE: Multiples = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


class Probe(Protocol):
    """A change; equal ones are made once."""

    @property
    def multiples(self) -> Multiples:
        """The supercell that it needs."""

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the changed cells [k, 3, 3] and positions [k, n_atoms of the supercell, 3]."""


@dataclass(frozen=True)
class Unchanged:
    """The structure itself."""

    multiples: Multiples = ONCE

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what is given."""
        return cell, position


@dataclass(frozen=True)
class Strained:
    """All vectors times a matrix, row by row."""

    gradient: tuple[float, ...]
    multiples: Multiples = ONCE

    @property
    def matrix(self) -> FloatArray:
        """The matrix [3, 3]."""
        return np.array(self.gradient).reshape(3, 3)

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cells and positions times the matrix."""
        return cell @ self.matrix, position @ self.matrix


@dataclass(frozen=True)
class Sized:
    """All lengths scaled alike, to a given volume of the cell."""

    volume: float
    multiples: Multiples = ONCE

    def apply(self, cell: FloatArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return scaled cells and positions."""
        scale = np.cbrt(self.volume / np.abs(np.linalg.det(cell)))[:, None, None]
        return scale * cell, scale * position


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


def origins_of(multiples: Multiples) -> list[tuple[int, int, int]]:
    """Return the cells of a supercell, the first one first."""
    a, b, c = (range(multiples[axis][axis]) for axis in range(3))
    return list(itertools.product(a, b, c))


class Point:
    """What is known of a structure at k points of its freedoms: answers [columns, k, ...] to every probe.

    Parameters
    ----------
    cell, position
        [k, 3, 3] and [k, n_atoms, 3].
    answers
        By probe.
    """

    def __init__(self, cell: FloatArray, position: FloatArray, answers: dict[Probe, Answer]) -> None:
        self.cell, self.position = cell, position
        self.volume: FloatArray = np.abs(np.linalg.det(cell))  #: [k], Angstrom^3
        self._answers = answers
        self.base = answers[Unchanged()]

    def answer(self, probe: Probe) -> Answer:
        """Return the answer to a probe."""
        return self._answers[probe]

    def geometric(self, values: FloatArray) -> FloatArray:
        """Return values [k, m] that do not depend on the potential as columns [columns, k, m]."""
        columns = np.zeros((len(self.base.energies), *values.shape))
        columns[0] = values
        return columns


def probe(
    key: object,
    atoms: Atoms,
    cell: FloatArray,
    position: FloatArray,
    probes: Sequence[Probe],
    derivatives: bool,
) -> Dialogue[Point]:
    """Have probes of one structure answered at k points.

    Parameters
    ----------
    key
        Of the structure.
    atoms
        Its species and periodicity.
    cell, position
        [k, 3, 3] and [k, n_atoms, 3].
    probes
        Equal ones are asked once; the structure itself is always asked for.
    derivatives
        Whether derivatives by the fitted parameters are wanted.
    """
    groups: dict[Multiples, list[Probe]] = {ONCE: [Unchanged()]}
    for one in dict.fromkeys(probes):
        if one != Unchanged():
            groups.setdefault(one.multiples, []).append(one)
    copies = [_copies(key, atoms, cell, position, group) for group in groups.values()]
    answers = yield Question(tuple(copies), derivatives)
    return Point(
        cell,
        position,
        {
            one: _part(answer, number, len(cell))
            for group, answer in zip(groups.values(), answers, strict=True)
            for number, one in enumerate(group)
        },
    )


def _copies(key: object, atoms: Atoms, cell: FloatArray, position: FloatArray, group: list[Probe]) -> Copies:
    changed = [one.apply(cell, position) for one in group]
    multiples = group[0].multiples
    species = np.tile(atoms.species, len(origins_of(multiples)))
    own_key = (key,) if multiples == ONCE else (key, multiples)
    return Copies(
        own_key,
        species,
        atoms.pbc,
        np.concatenate([c for c, _ in changed]),
        np.concatenate([x for _, x in changed]),
    )


def _part(answer: Answer, number: int, k: int) -> Answer:
    own = slice(number * k, (number + 1) * k)
    return Answer(answer.energies[:, own], answer.forces[:, own], answer.virials[:, own])
