"""Requests for evaluations of a potential, evaluated for many structures at once.

A relaxation, or a property with its derivatives, is a generator: it yields an `EvaluationRequest` and receives the
`Evaluations`. `evaluate_all` collects one request per structure and evaluates all of them in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray

_T = TypeVar("_T")


@dataclass(frozen=True)
class Images:
    """Images of one structure with different cells and positions.

    Parameters
    ----------
    key
        Identifies the atoms near given positions.
    species
        int32 [n].
    pbc
        bool [3].
    cell
        [k, 3, 3], Angstrom.
    position
        [k, n, 3], Angstrom.
    """

    key: Hashable
    species: NDArray[np.int32]
    pbc: NDArray[np.bool_]
    cell: FloatArray
    position: FloatArray


@dataclass(frozen=True)
class EvaluationRequest:
    """Images to evaluate, with or without derivatives by the fitted parameters."""

    images: tuple[Images, ...]
    derivatives: bool


@dataclass(frozen=True)
class Evaluation:
    """Energies, forces and virials of k images; the first column is the value, the others are derivatives.

    Parameters
    ----------
    energies
        [1 or 1 + n_free, k], eV.
    forces
        [1 or 1 + n_free, k, n, 3], eV/Angstrom.
    virials
        [1 or 1 + n_free, k, 6], eV; minus the derivative of the energy by strain, order xx yy zz yz xz xy.
    """

    energies: FloatArray
    forces: FloatArray
    virials: FloatArray

    @property
    def finite(self) -> bool:
        """Whether energies and virials are finite."""
        return bool(np.isfinite(self.energies).all() and np.isfinite(self.virials).all())


Evaluations: TypeAlias = list[Evaluation]  # one per images of the request
Requests: TypeAlias = Generator[EvaluationRequest, Evaluations, _T]
Evaluate: TypeAlias = Callable[[Sequence[Images], bool], Evaluations]


def evaluate_all(generators: Sequence[Requests[_T]], evaluate: Evaluate) -> list[_T]:
    """Return the results of generators whose requests are evaluated together.

    Parameters
    ----------
    generators
        One per structure.
    evaluate
        Evaluates the potential for images of all structures.
    """
    results: dict[int, _T] = {}
    waiting: dict[int, EvaluationRequest] = {}

    def advance(number: int, evaluations: Evaluations | None) -> None:
        generator = generators[number]
        try:
            waiting[number] = next(generator) if evaluations is None else generator.send(evaluations)
        except StopIteration as end:
            results[number] = end.value

    for number in range(len(generators)):
        advance(number, None)
    while waiting:
        pending, waiting = waiting, {}
        evaluations: dict[int, Evaluations] = {}
        for derivatives in (False, True):
            some = {n: request for n, request in pending.items() if request.derivatives == derivatives}
            images = [one for request in some.values() for one in request.images]
            flat = evaluate(images, derivatives) if some else []
            for number, request in some.items():
                evaluations[number], flat = flat[: len(request.images)], flat[len(request.images) :]
        for number in pending:
            advance(number, evaluations[number])
    return [results[number] for number in range(len(generators))]
