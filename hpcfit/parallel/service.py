"""Evaluation requests from the root to all ranks; messages have the size of the parameters."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from hpcfit.objective.local import LocalObjective
from hpcfit.objective.partition import assign_blocks
from hpcfit.parallel.assembly import ASSEMBLIES
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.parallel.tree import reduce_blocks
from hpcfit.records import FloatArray, IntArray, StructureResult
from hpcfit.solver.problem import Linearisation

#: Blocks move only if the slowest rank exceeds that of the best distribution by this factor.
_IMBALANCE = 1.1


class Request(enum.Enum):
    """Requests of the root; `Worker` has a handler for each."""

    STOP = enum.auto()
    COST = enum.auto()
    LINEARISE = enum.auto()
    GRADIENT = enum.auto()
    SECOND_DERIVATIVE = enum.auto()
    PREDICT = enum.auto()
    LARGEST_DENSITIES = enum.auto()
    ROWS = enum.auto()
    RESULTS = enum.auto()
    RELAXED = enum.auto()
    RESTORE = enum.auto()
    NOTES = enum.auto()
    BALANCE = enum.auto()
    FIRST_NON_FINITE = enum.auto()
    MEMORY = enum.auto()
    NOISE = enum.auto()


class Worker:
    """Evaluates requests on one rank; all ranks construct their workers at the same time, which reads their blocks."""

    def __init__(self, local: LocalObjective, comm: Communicator) -> None:
        self.local = local
        self.comm = comm
        self._assembly = ASSEMBLIES[local.plan.assembly]
        self.starts = assign_blocks(np.array([b.cost for b in local.plan.blocks]), comm.size)
        with raise_on_all_ranks(comm):
            self._own()

    def _own(self) -> None:
        self.local.own(int(self.starts[self.comm.rank]), int(self.starts[self.comm.rank + 1]))

    def evaluate(self, request: Request, arguments: tuple[Any, ...]) -> Any:
        """Evaluate a request, on all ranks at the same time; the root gets the complete result."""
        return HANDLERS[request](self, *arguments)

    def serve(self) -> None:
        """Evaluate the root's requests until it stops; on all other ranks."""
        if self.comm.rank == ROOT:
            raise ValueError("the root sends requests, allowed ranks above 0")
        while True:
            request, arguments = self.comm.broadcast(None)
            if request is Request.STOP:
                return
            self.evaluate(request, arguments)

    def _of_blocks(self, evaluate: Callable[[Any], FloatArray]) -> Iterable[FloatArray]:
        """Evaluate every own block; errors of users' functions are raised on all ranks."""
        if not self.local.plan.runs_python:
            return self.local.each(evaluate)
        with raise_on_all_ranks(self.comm):
            return self.local.ask(evaluate)

    def _cost(self, x: FloatArray) -> FloatArray | None:
        costs = self._of_blocks(lambda block: np.array([block.cost(x)]))
        return reduce_blocks(costs, self.starts, self.comm, np.add)

    def _linearise(self, x: FloatArray) -> FloatArray | None:
        parts = self._of_blocks(lambda block: self._assembly.part(block.linearise(x)))
        return self._assembly.collect(parts, self.starts, self.comm)

    def _gradient(self, x: FloatArray) -> FloatArray | None:
        gradients = self._of_blocks(lambda block: block.gradient(x))
        return reduce_blocks(gradients, self.starts, self.comm, np.add)

    def _second_derivative(self, v: FloatArray, h: float) -> FloatArray | None:
        gradients = self._of_blocks(lambda block: block.second_derivative(v, h))
        return reduce_blocks(gradients, self.starts, self.comm, np.add)

    def _rows(self, x: FloatArray, with_derivatives: bool) -> list[Any] | None:
        with raise_on_all_ranks(self.comm):
            rows = self.local.rows(x, with_derivatives)
        return self._gathered(rows)

    def _relaxed(self) -> list[Any] | None:
        return self._gathered(self.local.relaxed)

    def _gathered(self, of_blocks: list[Any]) -> list[Any] | None:
        gathered = self.comm.gather(of_blocks)
        return None if gathered is None else [block for rank in gathered for block in rank]

    def _balance(self) -> None:
        """Redistribute the blocks by the time of the last request if that makes the slowest rank faster."""
        seconds = np.concatenate(self.comm.all_gather(self.local.seconds))
        seconds = self.comm.broadcast(np.maximum(seconds, 1e-6))
        starts = assign_blocks(seconds, self.comm.size)
        if _slowest(seconds, self.starts) > _IMBALANCE * _slowest(seconds, starts):
            relaxed = self.comm.broadcast(self._relaxed())
            self.starts = starts
            with raise_on_all_ranks(self.comm):
                self._own()
            self.local.restore(relaxed)

    def _memory(self) -> list[int]:
        owned = self.comm.all_gather([block.n_bytes for block in self.local.blocks])
        return [n_bytes for rank in owned for n_bytes in rank]

    def _noise(self) -> list[float]:
        owned = self.comm.all_gather([block.noise for block in self.local.blocks])
        return [noise for rank in owned for noise in rank]

    def _first_non_finite(self) -> str:
        """Return where the last result was not finite."""
        found = [place for place in self.comm.all_gather(self.local.first_non_finite()) if place is not None]
        if not found:
            return ""
        number, where = min(found, key=lambda place: place[0])
        if number >= len(self.local.plan.data_blocks):
            return str(where.message)
        block = self.local.plan.data_blocks[number]
        source = self.local.plan.sources[block.source]
        place = f", configuration {block.configurations[where.structure]}" if where.structure >= 0 else ""
        return f"{source.file}{place}: {where.message}"


#: Handlers of the requests on every rank.
HANDLERS: dict[Request, Callable[..., Any]] = {
    Request.COST: Worker._cost,
    Request.LINEARISE: Worker._linearise,
    Request.GRADIENT: Worker._gradient,
    Request.SECOND_DERIVATIVE: Worker._second_derivative,
    Request.PREDICT: lambda worker, x: worker._gathered(worker.local.predict(x)),
    Request.LARGEST_DENSITIES: lambda worker, x: worker._gathered(worker.local.largest_densities(x)),
    Request.ROWS: Worker._rows,
    Request.RESULTS: lambda worker, x: worker._gathered(worker.local.results(x)),
    Request.RELAXED: Worker._relaxed,
    Request.RESTORE: lambda worker, relaxed: worker.local.restore(relaxed),
    Request.NOTES: lambda worker: worker._gathered(worker.local.take_notes()),
    Request.BALANCE: Worker._balance,
    Request.FIRST_NON_FINITE: Worker._first_non_finite,
    Request.MEMORY: Worker._memory,
    Request.NOISE: Worker._noise,
}


def _slowest(costs: FloatArray, starts: IntArray) -> float:
    ends = np.concatenate([[0.0], np.cumsum(costs)])
    return float(np.max(np.diff(ends[starts])))


class RootProblem:
    """The problem on the root while the other ranks serve; implements the solver's `Problem`."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._finish = ASSEMBLIES[worker.local.plan.assembly].finish
        self.idle = True  #: False during a request and after a failed one

    def _evaluate(self, request: Request, *arguments: Any) -> Any:
        self.idle = False
        self.worker.comm.broadcast((request, arguments))
        answer = self.worker.evaluate(request, arguments)
        self.idle = True
        return answer

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n_free]; infinite if one is not finite."""
        return float(self._evaluate(Request.COST, x)[0])

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the linearisation at `x` [n_free], with the job's assembly."""
        return self._finish(self._evaluate(Request.LINEARISE, x))

    @property
    def has_gradient(self) -> bool:
        """Whether `gradient` needs no Jacobian of the datasets; if it does, that of `linearise` keeps its bits."""
        local = self.worker.local
        return local.model.has_gradient and bool(local.plan.data_blocks)

    def gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the sum of squared residuals and J^T r [n_free] at `x`, without a Jacobian where that is possible."""
        if not self.has_gradient:
            at = self.linearise(x)
            return at.cost, at.gradient
        cost, *gradient = self._evaluate(Request.GRADIENT, x)
        return float(cost), np.array(gradient)

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n_free] along `v` at the point of the last linearisation."""
        return np.asarray(self._evaluate(Request.SECOND_DERIVATIVE, v, h))

    def predict(self, x: FloatArray) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return energies, forces and stresses at `x` of every dataset block, in order."""
        return list(self._evaluate(Request.PREDICT, x))

    def largest_densities(self, x: FloatArray) -> list[FloatArray]:
        """Return the largest density at `x` for each potential with embedding, of every dataset block."""
        return list(self._evaluate(Request.LARGEST_DENSITIES, x))

    def rows(self, x: FloatArray, with_derivatives: bool = False) -> FloatArray:
        """Return the residual at `x` of all configurations and, on request, its derivatives.

        [1, n_rows] or [1 + n_free, n_rows], in the order of `LocalObjective.rows`.
        """
        blocks: list[FloatArray] = self._evaluate(Request.ROWS, x, with_derivatives)
        return np.concatenate(blocks, axis=1)

    def results(self, x: FloatArray) -> list[tuple[list[StructureResult], list[float]]]:
        """Return results of own structures and derived properties at `x`, for every block that has some."""
        return list(self._evaluate(Request.RESULTS, x))

    def relaxed(self) -> list[FloatArray]:
        """Return the starts of relaxations, for every block of own structures."""
        return list(self._evaluate(Request.RELAXED))

    def restore(self, relaxed: Sequence[FloatArray]) -> None:
        """Set the starts of relaxations to an earlier result of `relaxed`."""
        self._evaluate(Request.RESTORE, list(relaxed))

    def take_notes(self) -> list[str]:
        """Return the warnings about own structures since the last call."""
        return list(self._evaluate(Request.NOTES))

    def balance(self) -> None:
        """Redistribute the blocks by their times in the last request."""
        self._evaluate(Request.BALANCE)

    def memory(self) -> list[int]:
        """Return the memory of each block in bytes."""
        return list(self._evaluate(Request.MEMORY))

    def noise(self) -> float:
        """Return the norm of the rounding errors of all residuals."""
        return math.hypot(*self._evaluate(Request.NOISE))

    def first_non_finite(self) -> str:
        """Return where the last result was not finite; empty if it was finite."""
        return str(self._evaluate(Request.FIRST_NON_FINITE))


class CollectiveProblem(RootProblem):
    """The problem if all ranks make the same calls and get the same results; the root's arguments count."""

    def _evaluate(self, request: Request, *arguments: Any) -> Any:
        request, arguments = self.worker.comm.broadcast((request, arguments))
        return self.worker.comm.broadcast(self.worker.evaluate(request, arguments))


@contextmanager
def requests(worker: Worker) -> Iterator[RootProblem]:
    """Yield the problem on the root while the other ranks serve; leaving the block stops them, after errors too.

    After an error inside a request the other ranks wait in its reductions; the program's entry point aborts them.
    """
    problem = RootProblem(worker)
    try:
        yield problem
    finally:
        if problem.idle:
            worker.comm.broadcast((Request.STOP, ()))
