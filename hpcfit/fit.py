"""One fit: its ranks, its objective with priors, a generator of its states, and its result."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from hpcfit.dataset.reader import Dataset
from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.local import InMemoryData, LocalObjective
from hpcfit.objective.plan import Plan, make_plan
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.parallel.service import RootProblem, Worker, requests
from hpcfit.records import DatasetIndex, FloatArray, Job, ReadOptions, State
from hpcfit.runfile.header import Counts, LossDisplay, Machine, RunHeader, run_header
from hpcfit.runfile.outcomes import StructureOutcome
from hpcfit.runfile.predictions import dataset_predictions
from hpcfit.runfile.run import RunResult, StoredRun
from hpcfit.runfile.structure_outcomes import BlockResults, structure_outcomes
from hpcfit.solver.covariance import covariance, propagated, spectrum
from hpcfit.solver.geodesic import LIMITS_REACHED, start
from hpcfit.solver.minimisers import iterate
from hpcfit.solver.noise import WithNoiseFloor
from hpcfit.solver.priors import WithPriors, with_priors
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds

STOPPED_SIGNAL = "stopped: signal"
NOT_FITTED = "not fitted"

_Value = TypeVar("_Value")


def read(path: str, allow_outside: bool = False, allow_python: bool = False) -> Job:
    """Return the job at `path`, read with the full catalogue."""
    return read_job(path, catalogue(), ReadOptions(allow_outside, allow_python))


def prepare(
    read: Callable[[], Job],
    comm: Communicator,
    indices: Callable[[Job], Sequence[DatasetIndex]] | None = None,
) -> Plan:
    """Read the job and the indices of its datasets on the root, and return the plan on every rank.

    Also limits every rank's linear algebra to one thread: sums must not depend on the number of threads. By default
    `indices` are read from the job's files.

    Raises
    ------
    SharedError
        On every rank, with all faults of the job or of the datasets.
    """
    threadpool_limits(1)
    plan = None
    with raise_on_all_ranks(comm):
        if comm.rank == ROOT:
            job = read()
            plan = make_plan(job, (indices or _indices)(job))
    whole: Plan = comm.broadcast(plan)
    return whole


def _indices(job: Job) -> list[DatasetIndex]:
    indices: list[DatasetIndex] = []
    faults: list[Fault] = []
    for source in job.datasets:
        try:
            with Dataset(source.path, source.file) as dataset:
                indices.append(dataset.index())
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return indices


@dataclass(frozen=True)
class FitStep:
    """A state of a fit, with further data for listeners."""

    state: State
    seconds: float  #: wall time since the previous step
    values: FloatArray  #: [n_parameters], all parameters
    relaxed: Sequence[FloatArray]  #: per block of own structures, the start of its next relaxations
    resumed: bool = False  #: whether the run file already holds this state


class Listener:
    """Receives the events of a fit on the root; subclasses override the events that they need."""

    def begin(self, fit: Fit) -> None:
        """Receive the fit before its first evaluation."""

    def step(self, step: FitStep) -> None:
        """Receive the first state, then the state after every iteration."""

    def end(self, state: State) -> None:
        """Receive the last state, before the result is computed."""

    def finish(self, result: RunResult, values: FloatArray) -> None:
        """Receive the result and all parameters [n_parameters]; not after a signal."""

    def complete(self) -> None:
        """Act after all listeners have received the result and the other ranks are released."""

    def close(self) -> None:
        """Release resources, after an error too."""


class Fit:
    """One fit of a job on all ranks.

    Parameters
    ----------
    plan
        The job, its datasets and its blocks.
    comm
        The ranks; all of them make the same calls.
    in_memory
        Data in memory; None to read the job's files.

    Raises
    ------
    InputError
        If the plan has no structures.
    """

    problem: RootProblem  #: the objective without priors; on the root inside `root`
    objective: Problem  #: the objective with priors, which a fit minimises

    def __init__(self, plan: Plan, comm: Communicator, in_memory: InMemoryData | None = None) -> None:
        if not plan.blocks:
            raise InputError([Fault(plan.job.path, "no structures", allowed="one or more")])
        self.comm = comm
        self.local = LocalObjective(plan, in_memory)
        self._initial: list[FloatArray] | None = None  # start of the first relaxations

    @property
    def plan(self) -> Plan:
        """The plan of the fit."""
        return self.local.plan

    @cached_property
    def _worker(self) -> Worker:
        return Worker(self.local, self.comm)

    @contextmanager
    def root(self) -> Iterator[bool]:
        """Yield True on the root; other ranks evaluate its requests until it leaves the block, then get False."""
        if self.comm.rank != ROOT:
            self._worker.serve()
            yield False
            return
        with requests(self._worker) as problem:
            self.problem = problem
            curves = self.local.model.variables.curves
            self._with_priors = with_priors(problem, self.plan.job.free, curves)
            if self._initial is None:
                self._initial, self._noise = problem.relaxed(), problem.noise()
            self.objective = WithNoiseFloor(self._with_priors, self._noise, self.local.model.start)
            yield True

    def on_root(self, evaluate: Callable[[], _Value]) -> _Value:
        """Return the root's result of `evaluate`, which may use `objective` and `problem`, on every rank.

        Raises
        ------
        SharedError
            On every rank, with the error of any rank.
        """
        answer: Any = None
        with raise_on_all_ranks(self.comm), self.root() as is_root:
            if is_root:
                answer = evaluate()
        return self.comm.broadcast(answer)  # type: ignore[no-any-return]

    def header(self) -> RunHeader:
        """Return the header of a run that starts now."""
        plan, job = self.plan, self.plan.job
        of = f"{job.loss.name}, scale {job.loss.scale:g}" if job.loss else "squares"
        return run_header(
            job,
            plan.indices,
            Counts(plan.n_structures, plan.n_atoms, plan.n_residuals),
            Machine(tuple(self.comm.all_gather(socket.gethostname())), self.comm.library),
            LossDisplay(plan.loss_factor, plan.loss_label, of=of),
        )

    def run(
        self,
        listeners: Sequence[Listener],
        stopped: Callable[[], bool],
        earlier: StoredRun | None = None,
        x: FloatArray | None = None,
    ) -> str:
        """Fit, call the root's listeners in order, and return the outcome on the root, an empty string elsewhere.

        The fit stops after an iteration if `stopped()` is true. It continues `earlier` to the same bits, or starts at
        `x` [n_free], by default at the job's start values.
        """
        state = None
        try:
            with self.root() as is_root:
                if is_root:
                    state = self._run(listeners, stopped, earlier, x)
            if state and state.outcome != STOPPED_SIGNAL:
                for listener in listeners:
                    listener.complete()
        finally:
            for listener in listeners:
                listener.close()
        return state.outcome if state else ""

    def _run(
        self,
        listeners: Sequence[Listener],
        stopped: Callable[[], bool],
        earlier: StoredRun | None,
        x: FloatArray | None,
    ) -> State:
        clock = [time.perf_counter()]
        for listener in listeners:
            listener.begin(self)
        clock.append(time.perf_counter())
        for step in self.steps(stopped, earlier, x):
            for listener in listeners:
                listener.step(step)
        state = step.state if self.plan.job.fitting else replace(step.state, outcome=NOT_FITTED)
        for listener in listeners:
            listener.end(state)
        if state.outcome != STOPPED_SIGNAL:
            clock.append(time.perf_counter())
            result = self.result(state)
            clock.append(time.perf_counter())
            timings = dict(zip(("setup", "fit", "result"), np.diff(clock).tolist(), strict=True))
            for listener in listeners:
                listener.finish(replace(result, timings=timings), step.values)
        return state

    def steps(
        self,
        stopped: Callable[[], bool] = lambda: False,
        earlier: StoredRun | None = None,
        x: FloatArray | None = None,
    ) -> Iterator[FitStep]:
        """Yield the first state and the state after every iteration, on the root; parameters as in `run`."""
        state = self._first(earlier, x)
        first = self._step(state, 0.0, resumed=state.iteration > 0)
        relaxed = first.relaxed
        yield first
        clock = time.perf_counter()
        for reached in self._states(state):
            is_new = bool(reached.outcome) or reached.iteration > state.iteration
            state = reached
            if stopped() and not state.outcome:
                state = replace(state, outcome=STOPPED_SIGNAL)
            elif not is_new:
                continue
            seconds, clock = time.perf_counter() - clock, time.perf_counter()
            step = self._step(state, seconds)
            if state.outcome in LIMITS_REACHED:
                # A larger limit continues from the start of the iteration that the limit cut.
                step = replace(step, relaxed=relaxed)
            relaxed = step.relaxed
            yield step
            if state.outcome:
                return

    def _states(self, state: State) -> Iterator[State]:
        fitting, model = self.plan.job.fitting, self.local.model
        if fitting is None:
            return iter(())
        return iterate(self.objective, state, Bounds(model.lower, model.upper), fitting.solver)

    def _step(self, state: State, seconds: float, resumed: bool = False) -> FitStep:
        relaxed = self.problem.relaxed() if self.plan.structure_blocks else ()
        return FitStep(state, seconds, self.local.model.variables.parameters(state.x), relaxed, resumed)

    def _first(self, earlier: StoredRun | None, x: FloatArray | None) -> State:
        """Evaluate at the first point, and measure the time of each block."""
        if earlier is None:
            state = start(self.local.model.start if x is None else x, self.objective)
        else:
            state = earlier.state
            if state.outcome == STOPPED_SIGNAL:
                state = replace(state, outcome="")
            if self.comm.size > 1:
                self.problem.cost(state.x)
        if self.comm.size > 1:
            self.problem.balance()
        if earlier is not None:
            self.problem.restore(earlier.relaxed)
        return state

    def rows(self, x: FloatArray, with_derivatives: bool = False) -> FloatArray:
        """Return the residual at `x` [n_free] and on request its derivatives, the rows of the priors last.

        [1, n_rows] or [1 + n_free, n_rows]; configurations in the order of `LocalObjective.rows`. On the root.
        """
        columns = self.problem.rows(x, with_derivatives)
        if isinstance(self._with_priors, WithPriors):
            columns = np.concatenate([columns, self._with_priors.rows(x)[: len(columns)]], axis=1)
        return columns

    def result(self, state: State) -> RunResult:
        """Return covariance, predictions and structures at the end of a fit; on the root.

        Relaxations continue from their present starts.
        """
        relaxed = self.problem.relaxed() if self.plan.structure_blocks else ()
        matrix = directions = np.zeros((0, 0))
        singular = np.zeros(0)
        if len(state.x):
            at, model = self.objective.linearise(state.x), self.local.model
            at_bound = (state.x <= model.lower) | (state.x >= model.upper)
            matrix = covariance(at, state.cost, self.plan.n_residuals, at_bound)
            matrix = propagated(matrix, model.variables.jacobian(state.x))
            singular, directions = spectrum(at)
        predictions = dataset_predictions(self.local, self.problem.predict(state.x))
        structures = self.structures(state.x)[0] if self.plan.structure_blocks else ()
        if self.plan.structure_blocks:
            self.problem.restore(relaxed)
        return RunResult(state.outcome, state, matrix, singular, predictions, {}, structures, directions)

    def structures(self, x: FloatArray) -> tuple[tuple[StructureOutcome, ...], BlockResults]:
        """Return the outcomes of own structures and derived properties at `x`, and the block results at `x`.

        On the root; relaxations continue from their present starts.
        """
        relaxed, end = self.problem.relaxed(), self.problem.results(x)
        self.problem.restore(self._initial or ())
        outcomes = structure_outcomes(self.plan, self.problem.results(self.local.model.start), end)
        self.problem.restore(relaxed)
        return outcomes, end
