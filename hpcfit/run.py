"""One run: read, distribute, fit, write."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

import numpy as np
from threadpoolctl import threadpool_limits

from hpcfit.dataset.reader import Dataset
from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.plan import Plan, make_plan
from hpcfit.objective.validation import validation_lines
from hpcfit.output import report
from hpcfit.output.compare import differences
from hpcfit.output.export.at_end import write_exports
from hpcfit.output.gathered import structure_outcomes
from hpcfit.output.header import Counts, Loss, Machine, RunHeader, run_header
from hpcfit.output.largest import density_lines
from hpcfit.output.log import header_lines, open_log
from hpcfit.output.outcomes import StructureOutcome
from hpcfit.output.predicted import dataset_predictions
from hpcfit.output.progress import Progress, progress
from hpcfit.output.rereading import hints, reread
from hpcfit.output.result import RunResult, StoredRun
from hpcfit.output.store import MemoryStore, RunStore, load, refuse_taken
from hpcfit.output.structure_files import write_structures
from hpcfit.output.structure_report import end_lines, start_lines
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import together
from hpcfit.parallel.service import Asked, answer, ask
from hpcfit.parallel.signals import stop_requests
from hpcfit.records import DatasetIndex, Fitting, FloatArray, Job, ReadOptions, State
from hpcfit.solver.covariance import covariance, propagated, spectrum
from hpcfit.solver.geodesic import STOPPED_NOT_FINITE, start
from hpcfit.solver.minimisers import iterate
from hpcfit.solver.normal import LEAST_CONDITION
from hpcfit.solver.priors import with_priors
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds

STOPPED_SIGNAL = "stopped: signal"
NOT_FITTED = "not fitted"


def prepare(
    read: Callable[[], Job],
    comm: Communicator,
    indices: Callable[[Job], Sequence[DatasetIndex]] | None = None,
) -> Plan:
    """Let the root read the job and its datasets' indices, and give every rank the plan made from them.

    Also holds every rank's linear algebra to one thread: sums must not depend on the number of threads.

    Parameters
    ----------
    read
        Returns the job.
    comm
        The ranks.
    indices
        Returns the indices of its datasets; None reads them from the files that it names.

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
            plan = make_plan(job, (indices or _indices)(job))
    whole: Plan = comm.broadcast(plan)
    return whole


def read(path: str, allow_outside: bool = False, allow_python: bool = False) -> Job:
    """Return the job at `path`, with the potentials, functions, lattices and properties that there are."""
    return read_job(path, catalogue(), ReadOptions(allow_outside, allow_python))


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


def fit(
    path: str,
    output: str,
    overwrite: bool,
    comm: Communicator,
    log: TextIO,
    allow_outside: bool = False,
    allow_python: bool = False,
) -> str:
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
    allow_outside
        Whether the job may include files from outside its folder.
    allow_python
        Whether the job may run functions from Python files.

    Raises
    ------
    SharedError
        On every rank, with all faults of the input.
    """
    with stop_requests() as stopped:
        plan = prepare(lambda: read(path, allow_outside, allow_python), comm)
        with together(comm):
            refuse_taken(plan.job, output)
        run = Run(LocalObjective(plan), comm, log, stopped)
        return run.work(lambda header: RunStore.create(output, header, run.interval, overwrite), None)


def resume(
    output: str, comm: Communicator, log: TextIO, allow_outside: bool = False, allow_python: bool = False
) -> str:
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
    with stop_requests() as stopped:
        plan = prepare(
            lambda: reread(_existing(stored), lambda path: read(path, allow_outside, allow_python)), comm
        )
        with together(comm):
            if stored and (faults := differences(stored.header, plan.job, plan.indices)):
                raise InputError([*faults, *hints(stored)])
        if stored and stored.note:
            log.write(f"{stored.note}\n")
        run = Run(LocalObjective(plan), comm, log, stopped)
        return run.work(lambda header: RunStore.resume(_existing(stored), header, run.interval), stored)


def _existing(stored: StoredRun | None) -> StoredRun:
    if stored is None:
        raise ValueError("only the root holds the stored run")
    return stored


@dataclass(frozen=True)
class Run:
    """What all parts of a run share."""

    local: LocalObjective
    comm: Communicator
    log: TextIO
    stopped: Callable[[], bool]  #: whether a signal asks to stop

    @property
    def plan(self) -> Plan:
        """What there is to do."""
        return self.local.plan

    @property
    def interval(self) -> int:
        """Iterations between checkpoints."""
        return self.plan.job.fitting.checkpoint_interval if self.plan.job.fitting else 1

    def work(self, open_store: Callable[[RunHeader], MemoryStore], earlier: StoredRun | None) -> str:
        """Fit from where `earlier` stands, or from the job's start; return the outcome, workers an empty string."""
        begun = time.perf_counter()
        store = _open(self.plan, self.comm, open_store)
        local = self.local
        if self.comm.rank != ROOT or store is None:
            answer(local, self.comm)
            return ""
        job, style = self.plan.job, store.header.style
        with open_log(job.log_file, style, self.log, append=earlier is not None) as log:
            with ask(local, self.comm) as problem:
                log("medium").write("\n".join(header_lines(store.header)) + "\n")
                if self.plan.acceleration:
                    log("medium").write(f"{'steps':<10}  {self.plan.acceleration}\n")
                log("minimum").writelines(f"warning: {text}\n" for text in self.plan.warnings)
                if job.validate and earlier is None:
                    log("minimum").writelines(
                        f"{line}\n" for line in validation_lines(self.plan, local.model)
                    )
                read_at = time.perf_counter()
                started = problem.relaxed()
                solved = with_priors(problem, job.free, local.model.variables.curves)
                state = _first(problem, solved, local, earlier, self.comm)
                state = self._fit(problem, solved, local, state, store, log)
                if state.outcome == STOPPED_SIGNAL:
                    log("minimum").write(f"{STOPPED_SIGNAL}, checkpoint written, go on with: hpcfit resume\n")
                    return STOPPED_SIGNAL
                fitted_at = time.perf_counter()
                if job.own_structures:
                    log("medium").write("Computing structure properties\n")
                result = _result(problem, solved, self.plan, local, state, started)
                timings = {
                    "setup": read_at - begun,
                    "fit": fitted_at - read_at,
                    "result": time.perf_counter() - fitted_at,
                }
                store.finish(replace(result, timings=timings), local.model.variables.parameters(state.x))
                if local.model.embedding and style.shows("medium"):
                    found = problem.largest_densities(state.x)
                    lines = density_lines(job.species, local.model, state.x, found, result.structures, style)
                    log("medium").writelines(f"{line}\n" for line in lines)
            report.write(store.run, log("none"))
            write_structures(job, result.structures, log("medium"))
            write_exports(job, store.run, log("medium"))
        return state.outcome

    def _fit(
        self,
        problem: Asked,
        solved: Problem,
        local: LocalObjective,
        state: State,
        store: MemoryStore,
        log: Callable[[str], TextIO],
    ) -> State:
        """Go on from `state` to the end of the fit."""
        fitting, header = self.plan.job.fitting, store.header
        own = fitting is not None and self.plan.n_fitted_properties > 0
        if own:
            values = local.model.variables.parameters(state.x)
            lines = start_lines(header, values, self.plan.n_fitted_properties)
            log("medium").writelines(f"{line}\n" for line in lines)
        with progress(header.loss, log("medium")) as display:
            if state.iteration == 0:
                _save(problem, local, store, state, 0.0)
                display.line(state, 0.0)
            if fitting is None:
                return replace(state, outcome=NOT_FITTED)
            state = self._iterate(problem, solved, local, state, store, fitting, display)
        if fitting.assembly == "normal" and (text := _squared(store.run.history["condition"])):
            log("minimum").write(f"warning: {text}\n")
        if own and state.outcome != STOPPED_SIGNAL:
            log("medium").writelines(f"{line}\n" for line in end_lines(header, state))
        if state.outcome == STOPPED_NOT_FINITE:
            where = problem.trouble() or "sum of squares or its derivatives, of predictions that are finite"
            log("minimum").write(f"not finite: {where}\n")
        return state

    def _iterate(
        self,
        problem: Asked,
        solved: Problem,
        local: LocalObjective,
        state: State,
        store: MemoryStore,
        fitting: Fitting,
        display: Progress,
    ) -> State:
        bounds = Bounds(local.model.lower, local.model.upper)
        clock = time.perf_counter()
        for reached in iterate(solved, state, bounds, fitting.solver):
            news = bool(reached.outcome) or reached.iteration > state.iteration
            if reached.restarted != state.restarted:
                display.restart(reached)
            state = reached
            if self.stopped() and not state.outcome:
                state = replace(state, outcome=STOPPED_SIGNAL)
            elif not news:
                continue
            seconds, clock = time.perf_counter() - clock, time.perf_counter()
            _save(problem, local, store, state, seconds)
            display.line(state, seconds)
            if state.outcome:
                break
            if fitting.output_interval and state.iteration % fitting.output_interval == 0:
                display.parameters(store.header.parameters, store.run.values, store.header.style)
        return state


def _squared(conditions: FloatArray) -> str:
    """Say where the normal equations had too few digits; empty where they had enough."""
    least = float(np.nanmin(conditions**2, initial=1.0))
    if least >= LEAST_CONDITION:
        return ""
    allowed = f"at least {LEAST_CONDITION:g} or another assembly"
    return f'assembly="normal" loses digits: squared condition, found {least:.1e}, allowed {allowed}'


def _save(problem: Asked, local: LocalObjective, store: MemoryStore, state: State, seconds: float) -> None:
    relaxed = problem.relaxed() if local.plan.structure_blocks else ()
    store.save(state, seconds, local.model.variables.parameters(state.x), relaxed)


def _open(
    plan: Plan, comm: Communicator, open_store: Callable[[RunHeader], MemoryStore]
) -> MemoryStore | None:
    hosts = comm.gather(socket.gethostname())
    store = None
    with together(comm):
        if hosts is not None:
            counts = Counts(plan.n_structures, plan.n_atoms, plan.n_residuals)
            robust = plan.job.loss
            loss = Loss(
                plan.loss_factor,
                "loss" if plan.job.absolute else "chi^2",
                of=f"{robust.name}, scale {robust.scale:g}" if robust else "squares",
            )
            machine = Machine(tuple(hosts), comm.library)
            store = open_store(run_header(plan.job, plan.indices, counts, machine, loss))
    return store


def _first(
    problem: Asked, solved: Problem, local: LocalObjective, earlier: StoredRun | None, comm: Communicator
) -> State:
    """Evaluate at the first point, which also shows how long each block takes."""
    if earlier is None:
        state = start(local.model.start, solved)
    else:
        state = earlier.state
        if state.outcome == STOPPED_SIGNAL:
            state = replace(state, outcome="")
        if comm.size > 1:
            problem.cost(state.x)
    if comm.size > 1:
        problem.balance()
    if earlier is not None:
        problem.restore(earlier.relaxed)
    return state


def _result(
    problem: Asked,
    solved: Problem,
    plan: Plan,
    local: LocalObjective,
    state: State,
    started: Sequence[FloatArray],
) -> RunResult:
    matrix = directions = np.zeros((0, 0))
    singular = np.zeros(0)
    if len(state.x):
        at, model = solved.linearise(state.x), local.model
        held = (state.x <= model.lower) | (state.x >= model.upper)
        matrix = covariance(at, state.cost, plan.n_residuals, held)
        matrix = propagated(matrix, model.variables.jacobian(state.x))
        singular, directions = spectrum(at)
    predictions = dataset_predictions(local, problem.predict(state.x))
    structures: tuple[StructureOutcome, ...] = ()
    if plan.structure_blocks:
        end = problem.results(state.x)
        problem.restore(started)
        structures = structure_outcomes(plan, problem.results(local.model.start), end)
    return RunResult(
        state.outcome, state, matrix, singular, predictions, {}, structures=structures, directions=directions
    )
