"""What structures ask of a potential, and how the questions of many are put together.

A relaxation, or a property with its derivatives, is a generator: it yields a `Question` and receives the `Answer`. The
driver collects one question of every structure, has all of them answered at once, and goes on.
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
class Copies:
    """Copies of one set of atoms that differ in cell and positions.

    Parameters
    ----------
    key
        The same for the same atoms, near the same places.
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
class Question:
    """Copies to evaluate, and whether the derivatives by the fitted parameters are wanted too."""

    copies: tuple[Copies, ...]
    derivatives: bool


@dataclass(frozen=True)
class Answer:
    """What the potential makes of k copies; the first column is the value, the others its derivatives.

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


Answers: TypeAlias = list[Answer]  # one per copies of the question
Dialogue: TypeAlias = Generator[Question, Answers, _T]
Evaluate: TypeAlias = Callable[[Sequence[Copies], bool], Answers]


def answer_all(dialogues: Sequence[Dialogue[_T]], evaluate: Evaluate) -> list[_T]:
    """Return what the dialogues return, their questions answered together.

    Parameters
    ----------
    dialogues
        One per structure.
    evaluate
        The potential: answers copies of all kinds, with derivatives or without.
    """
    results: dict[int, _T] = {}
    waiting: dict[int, Question] = {}

    def advance(number: int, answers: Answers | None) -> None:
        try:
            waiting[number] = next(dialogues[number]) if answers is None else dialogues[number].send(answers)
        except StopIteration as end:
            results[number] = end.value

    for number in range(len(dialogues)):
        advance(number, None)
    while waiting:
        asked, waiting = waiting, {}
        answers: dict[int, Answers] = {}
        for derivatives in (False, True):
            some = {n: question for n, question in asked.items() if question.derivatives == derivatives}
            flat = (
                evaluate([c for question in some.values() for c in question.copies], derivatives)
                if some
                else []
            )
            for number, question in some.items():
                answers[number], flat = flat[: len(question.copies)], flat[len(question.copies) :]
        for number in asked:
            advance(number, answers[number])
    return [results[number] for number in range(len(dialogues))]
