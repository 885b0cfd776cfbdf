"""The root asks, all ranks answer: questions are an enum, messages have the size of the parameters."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from hpcfit.objective.local import LocalObjective
from hpcfit.objective.partition import assign_blocks
from hpcfit.parallel.assembly import ASSEMBLIES
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import together
from hpcfit.parallel.tree import reduce_blocks
from hpcfit.records import FloatArray, IntArray, StructureResult
from hpcfit.solver.problem import Linearisation

#: Blocks move only if the slowest rank is slower than the best distribution by this factor.
_IMBALANCE = 1.1


class _Question(enum.Enum):
    STOP = enum.auto()
    COST = enum.auto()
    LINEARISE = enum.auto()
    GRADIENT = enum.auto()
    SECOND_DERIVATIVE = enum.auto()
    PREDICT = enum.auto()
    DENSITIES = enum.auto()
    ROWS = enum.auto()
    RESULTS = enum.auto()
    RELAXED = enum.auto()
    RESTORE = enum.auto()
    BALANCE = enum.auto()
    TROUBLE = enum.auto()
    MEMORY = enum.auto()


class _Service:
    """One rank's part in every answer."""

    def __init__(self, local: LocalObjective, comm: Communicator) -> None:
        self._local = local
        self._comm = comm
        self._assembly = ASSEMBLIES[local.plan.assembly]
        self._starts = assign_blocks(np.array([b.cost for b in local.plan.blocks]), comm.size)
        with together(comm):
            self._own()

    def _own(self) -> None:
        self._local.own(int(self._starts[self._comm.rank]), int(self._starts[self._comm.rank + 1]))

    def answer(self, question: _Question, arguments: tuple[Any, ...]) -> Any:
        return getattr(self, "_" + question.name.lower())(*arguments)

    def _asked(self, question: Callable[[Any], FloatArray]) -> Iterable[FloatArray]:
        """Put a question to every own block; where users' functions run, an error of one rank is that of all."""
        if not self._local.plan.runs_python:
            return self._local.each(question)
        with together(self._comm):
            return self._local.ask(question)

    def _cost(self, x: FloatArray) -> FloatArray | None:
        costs = self._asked(lambda block: np.array([block.cost(x)]))
        return reduce_blocks(costs, self._starts, self._comm, np.add)

    def _linearise(self, x: FloatArray) -> FloatArray | None:
        parts = self._asked(lambda block: self._assembly.part(block.linearise(x)))
        return self._assembly.collect(parts, self._starts, self._comm)

    def _gradient(self, x: FloatArray) -> FloatArray | None:
        gradients = self._asked(lambda block: block.gradient(x))
        return reduce_blocks(gradients, self._starts, self._comm, np.add)

    def _second_derivative(self, v: FloatArray, h: float) -> FloatArray | None:
        gradients = self._asked(lambda block: block.second_derivative(v, h))
        return reduce_blocks(gradients, self._starts, self._comm, np.add)

    def _predict(self, x: FloatArray) -> list[Any] | None:
        return self._gathered(self._local.predict(x))

    def _densities(self, x: FloatArray) -> list[Any] | None:
        return self._gathered(self._local.largest_densities(x))

    def _rows(self, x: FloatArray, with_derivatives: bool) -> list[Any] | None:
        with together(self._comm):
            rows = self._local.rows(x, with_derivatives)
        return self._gathered(rows)

    def _results(self, x: FloatArray) -> list[Any] | None:
        return self._gathered(self._local.results(x))

    def _relaxed(self) -> list[Any] | None:
        return self._gathered(self._local.relaxed)

    def _restore(self, relaxed: list[FloatArray]) -> None:
        self._local.restore(relaxed)

    def _gathered(self, of_blocks: list[Any]) -> list[Any] | None:
        gathered = self._comm.gather(of_blocks)
        return None if gathered is None else [block for rank in gathered for block in rank]

    def _balance(self) -> None:
        """Cut the blocks anew by the time of the last question, if that makes the slowest rank faster."""
        seconds = np.concatenate(self._comm.all_gather(self._local.seconds))
        seconds = self._comm.broadcast(np.maximum(seconds, 1e-6))
        starts = assign_blocks(seconds, self._comm.size)
        if _slowest(seconds, self._starts) > _IMBALANCE * _slowest(seconds, starts):
            relaxed = self._comm.broadcast(self._relaxed())
            self._starts = starts
            with together(self._comm):
                self._own()
            self._restore(relaxed)

    def _memory(self) -> list[int]:
        owned = self._comm.all_gather([block.n_bytes for block in self._local.blocks])
        return [n_bytes for rank in owned for n_bytes in rank]

    def _trouble(self) -> str:
        """Say where the last answer was not finite."""
        found = [trouble for trouble in self._comm.all_gather(self._local.trouble()) if trouble is not None]
        if not found:
            return ""
        number, where = min(found, key=lambda trouble: trouble[0])
        if number >= len(self._local.plan.data_blocks):
            return str(where.message)
        block = self._local.plan.data_blocks[number]
        source = self._local.plan.sources[block.source]
        place = f", configuration {block.configurations[where.structure]}" if where.structure >= 0 else ""
        return f"{source.file}{place}: {where.message}"


def _slowest(costs: FloatArray, starts: IntArray) -> float:
    ends = np.concatenate([[0.0], np.cumsum(costs)])
    return float(np.max(np.diff(ends[starts])))


class Asked:
    """The problem as the root sees it; satisfies the solver's `Problem`."""

    def __init__(self, service: _Service, local: LocalObjective, comm: Communicator) -> None:
        self._service = service
        self._comm = comm
        self._finish = ASSEMBLIES[local.plan.assembly].finish
        self.idle = True  #: False while a question is under way, or after one that failed

    def _ask(self, question: _Question, *arguments: Any) -> Any:
        self.idle = False
        self._comm.broadcast((question, arguments))
        answer = self._service.answer(question, arguments)
        self.idle = True
        return answer

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n_free]; infinite where one is not finite."""
        return float(self._ask(_Question.COST, x)[0])

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the linearisation at `x` [n_free], brought together as the job says."""
        return self._finish(self._ask(_Question.LINEARISE, x))

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the sum of squared residuals and J^T r [n_free] at `x`, without a Jacobian where that is possible."""
        cost, *gradient = self._ask(_Question.GRADIENT, x)
        return float(cost), np.array(gradient)

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n_free] along `v` at the point of the last linearisation."""
        return np.asarray(self._ask(_Question.SECOND_DERIVATIVE, v, h))

    def predict(self, x: FloatArray) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return energies, forces and stresses at `x` of every block of a dataset, in order."""
        return list(self._ask(_Question.PREDICT, x))

    def largest_densities(self, x: FloatArray) -> list[FloatArray]:
        """Return the largest density at `x` for each potential that embeds atoms, of every block of a dataset."""
        return list(self._ask(_Question.DENSITIES, x))

    def rows(self, x: FloatArray, with_derivatives: bool = False) -> FloatArray:
        """Return the residual at `x` of all configurations, and below it if asked for its derivatives.

        [1, n_rows] or [1 + n_free, n_rows], as `LocalObjective.rows` orders them.
        """
        blocks: list[FloatArray] = self._ask(_Question.ROWS, x, with_derivatives)
        return np.concatenate(blocks, axis=1)

    def results(self, x: FloatArray) -> list[tuple[list[StructureResult], list[float]]]:
        """Return what comes of the own structures and derived properties at `x`, for every block that has some."""
        return list(self._ask(_Question.RESULTS, x))

    def relaxed(self) -> list[FloatArray]:
        """Return where relaxations start from, for every block of own structures."""
        return list(self._ask(_Question.RELAXED))

    def restore(self, relaxed: Sequence[FloatArray]) -> None:
        """Let relaxations start from where they did when `relaxed` was asked for."""
        self._ask(_Question.RESTORE, list(relaxed))

    def balance(self) -> None:
        """Distribute the blocks by the time that the last question took for each."""
        self._ask(_Question.BALANCE)

    def memory(self) -> list[int]:
        """Return the bytes that each block holds."""
        return list(self._ask(_Question.MEMORY))

    def trouble(self) -> str:
        """Return where the last answer was not finite; empty when it was."""
        return str(self._ask(_Question.TROUBLE))


class Shared(Asked):
    """The problem where all ranks ask at the same time, and all get the answer; what the root asks counts."""

    def __init__(self, local: LocalObjective, comm: Communicator) -> None:
        super().__init__(_Service(local, comm), local, comm)

    def _ask(self, question: _Question, *arguments: Any) -> Any:
        asked, given = self._comm.broadcast((question, arguments))
        return self._comm.broadcast(self._service.answer(asked, given))


@contextmanager
def ask(local: LocalObjective, comm: Communicator) -> Iterator[Asked]:
    """Give the root the problem; leaving the block stops the workers, on error too.

    After an error inside a question the workers are somewhere in its reductions and cannot hear: the program's
    entry aborts them.
    """
    asked = Asked(_Service(local, comm), local, comm)
    try:
        yield asked
    finally:
        if asked.idle:
            comm.broadcast((_Question.STOP, ()))


def answer(local: LocalObjective, comm: Communicator) -> None:
    """Answer the root's questions until it stops; for every rank but the root."""
    service = _Service(local, comm)
    if comm.rank == ROOT:
        raise ValueError("the root asks, allowed ranks above 0")
    while True:
        question, arguments = comm.broadcast(None)
        if question is _Question.STOP:
            return
        service.answer(question, arguments)
