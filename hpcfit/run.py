"""One run: read, distribute, fit, write."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TextIO

import numpy as np
from threadpoolctl import threadpool_limits

from hpcfit.dataset.reader import Dataset
from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.plan import Plan, make_plan
from hpcfit.output import report
from hpcfit.output.compare import differences
from hpcfit.output.export.at_end import write_exports
from hpcfit.output.header import Counts, Loss, Machine, RunHeader, run_header
from hpcfit.output.log import header_lines
from hpcfit.output.progress import progress
from hpcfit.output.result import RunResult, StoredRun
from hpcfit.output.store import RunStore, load
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import together
from hpcfit.parallel.service import Asked, answer, ask
from hpcfit.potential.functions import function_catalogue
from hpcfit.potential.library import potential_forms
from hpcfit.records import DatasetIndex, Job, Predictions, State
from hpcfit.solver.covariance import covariance, propagated
from hpcfit.solver.geodesic import STOPPED_NOT_FINITE, start
from hpcfit.solver.minimisers import iterate
from hpcfit.solver.step import Bounds

STOPPED_SIGNAL = "stopped: signal"
NOT_FITTED = "not fitted"


def prepare(read: Callable[[], Job], comm: Communicator) -> Plan:
    """Let the root read the job and its datasets' indices, and give every rank the plan made from them.

    Also holds every rank's linear algebra to one thread: sums must not depend on the number of threads.

    Raises
    ------
    SharedError
        On every rank, with all faults of the job or of the datasets.
    """
    threadpool_limits(1)
    plan = None
    with together(comm):
        if comm.rank == ROOT:
            job = read()
            plan = make_plan(job, _indices(job))
    whole: Plan = comm.broadcast(plan)
    return whole


def read(path: str) -> Job:
    """Return the job at `path`, with the kernels' catalogue of potentials and the functions to build them from."""
    return read_job(path, potential_forms(), function_catalogue())


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


def fit(path: str, output: str, overwrite: bool, comm: Communicator, log: TextIO) -> str:
    """Fit a job from its start and return the outcome, on the root; workers return an empty string.

    Parameters
    ----------
    path
        The job file.
    output
        The run file: checkpoint while the fit goes on, result when it is finished.
    overwrite
        Whether an earlier run at `output` may be replaced.
    comm
        The ranks.
    log
        Where the root writes its log.

    Raises
    ------
    SharedError
        On every rank, with all faults of the input.
    """
    with _signals() as stopped:
        plan = prepare(lambda: read(path), comm)
        run = _Run(plan, comm, log, stopped)
        return run.work(lambda header: RunStore.create(output, header, run.interval, overwrite), None)


def resume(output: str, comm: Communicator, log: TextIO) -> str:
    """Go on with the run in `output`, with the bits it would have had, and return the outcome as `fit` does.

    Raises
    ------
    SharedError
        On every rank, when the run cannot be read, or the job or a dataset has changed since it started.
    """
    stored: StoredRun | None = None
    with together(comm):
        if comm.rank == ROOT:
            stored = load(output)
    finished = comm.broadcast(stored.result.outcome if stored and stored.result else "")
    if finished:
        if stored:
            report.write(stored, log)
        return str(finished)
    with _signals() as stopped:
        plan = prepare(lambda: _reread(stored), comm)
        with together(comm):
            if stored and (faults := differences(stored.header, plan.job, plan.indices)):
                raise InputError(faults)
        if stored and stored.note:
            log.write(f"{stored.note}\n")
        state = stored.state if stored else None
        if state and state.outcome == STOPPED_SIGNAL:
            state = replace(state, outcome="")
        run = _Run(plan, comm, log, stopped)
        return run.work(lambda header: RunStore.resume(_existing(stored), header, run.interval), state)


def _existing(stored: StoredRun | None) -> StoredRun:
    if stored is None:
        raise ValueError("only the root holds the stored run")
    return stored


def _reread(stored: StoredRun | None) -> Job:
    path = _existing(stored).header.job_path
    if not Path(path).exists():
        raise InputError(
            [Fault(path, "job of the run does not exist", allowed="the file the run was started with")]
        )
    return read(path)


@dataclass(frozen=True)
class _Run:
    """What all parts of a run share."""

    plan: Plan
    comm: Communicator
    log: TextIO
    stopped: Callable[[], bool]  #: whether a signal asks to stop

    @property
    def interval(self) -> int:
        """Iterations between checkpoints."""
        return self.plan.job.fitting.checkpoint_interval if self.plan.job.fitting else 1

    def work(self, open_store: Callable[[RunHeader], RunStore], state: State | None) -> str:
        """Fit from `state`, or from the job's start, and return the outcome; workers return an empty string."""
        begun = time.perf_counter()
        store = _open(self.plan, self.comm, open_store)
        local = LocalObjective(self.plan)
        if self.comm.rank != ROOT or store is None:
            answer(local, self.comm)
            return ""
        with ask(local, self.comm) as problem:
            self.log.write("\n".join(header_lines(store.header)) + "\n")
            self.log.writelines(f"warning: {text}\n" for text in self.plan.warnings)
            read_at = time.perf_counter()
            state = _first(problem, local, state, self.comm)
            state = self._iterate(problem, local, state, store)
            if state.outcome == STOPPED_SIGNAL:
                self.log.write(f"{STOPPED_SIGNAL}, checkpoint written, go on with: hpcfit resume\n")
                return STOPPED_SIGNAL
            fitted_at = time.perf_counter()
            result = _result(problem, self.plan, local, state)
            timings = {
                "setup": read_at - begun,
                "fit": fitted_at - read_at,
                "result": time.perf_counter() - fitted_at,
            }
            store.finish(replace(result, timings=timings), local.model.variables.parameters(state.x))
        report.write(store.run, self.log)
        write_exports(self.plan.job, store.run, self.log)
        return state.outcome

    def _iterate(self, problem: Asked, local: LocalObjective, state: State, store: RunStore) -> State:
        fitting = local.plan.job.fitting
        bounds = Bounds(local.model.lower, local.model.upper)
        with progress(store.header.loss, self.log) as lines:
            if state.iteration == 0:
                store.save(state, 0.0, local.model.variables.parameters(state.x))
                lines.line(state, 0.0)
            if fitting is None:
                return replace(state, outcome=NOT_FITTED)
            clock = time.perf_counter()
            for reached in iterate(problem, state, bounds, fitting.solver):
                news = bool(reached.outcome) or reached.iteration > state.iteration
                state = reached
                if self.stopped() and not state.outcome:
                    state = replace(state, outcome=STOPPED_SIGNAL)
                elif not news:
                    continue
                seconds, clock = time.perf_counter() - clock, time.perf_counter()
                values = local.model.variables.parameters(state.x)
                store.save(state, seconds, values)
                lines.line(state, seconds)
                if state.outcome:
                    break
                if fitting.output_interval and state.iteration % fitting.output_interval == 0:
                    lines.parameters(store.header.parameters, values)
        if state.outcome == STOPPED_NOT_FINITE and (where := problem.trouble()):
            self.log.write(f"not finite: {where}\n")
        return state


def _open(plan: Plan, comm: Communicator, open_store: Callable[[RunHeader], RunStore]) -> RunStore | None:
    hosts = comm.gather(socket.gethostname())
    store = None
    with together(comm):
        if hosts is not None:
            counts = Counts(plan.n_configurations, plan.n_atoms, plan.n_residuals)
            loss = Loss(plan.loss_factor, "loss" if plan.job.absolute else "chi^2")
            machine = Machine(tuple(hosts), comm.library)
            store = open_store(run_header(plan.job, plan.indices, counts, machine, loss))
    return store


def _first(problem: Asked, local: LocalObjective, state: State | None, comm: Communicator) -> State:
    """Evaluate at the first point, which also shows how long each block takes."""
    if state is None:
        state = start(local.model.start, problem)
    elif comm.size > 1:
        problem.cost(state.x)
    if comm.size > 1:
        problem.balance()
    return state


def _result(problem: Asked, plan: Plan, local: LocalObjective, state: State) -> RunResult:
    matrix, singular = np.zeros((0, 0)), np.zeros(0)
    if len(state.x):
        matrix, singular = covariance(problem.linearise(state.x), state.cost, plan.n_residuals)
        matrix = propagated(matrix, local.model.variables.jacobian(state.x))
    return RunResult(state.outcome, state, matrix, singular, _predictions(problem, plan, state), timings={})


def _predictions(problem: Asked, plan: Plan, state: State) -> tuple[Predictions, ...]:
    """Join the blocks' predictions to datasets, beside the targets."""
    answers = problem.predict(state.x)
    joined = []
    for number, source in enumerate(plan.sources):
        own = [answer for answer, block in zip(answers, plan.blocks, strict=True) if block.source == number]
        chosen = plan.selected[number]
        with Dataset(source.path, source.file) as dataset:
            targets = dataset.read(int(chosen[0]), int(chosen[-1]) + 1).take(chosen - chosen[0])
        joined.append(
            Predictions(
                source=source.id,
                groups=targets.groups,
                configuration=chosen,
                group=targets.group,
                ptr=targets.ptr,
                energy=np.concatenate([energy for energy, _, _ in own]),
                energy_target=targets.energy,
                force=np.concatenate([force for _, force, _ in own]),
                force_target=targets.force,
                stress=np.concatenate([stress for _, _, stress in own]),
                stress_target=targets.stress,
            )
        )
    return tuple(joined)


@contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    """Turn the signals with which launchers and people end a job into a request to stop after the iteration.

    A second Ctrl-C ends the program at once: the last checkpoint is there.
    """
    requested = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        if requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        requested = True

    earlier = {
        number: signal.signal(number, request) for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield lambda: requested
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
