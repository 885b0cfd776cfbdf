"""A fit with its store and listeners, for commands and scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TextIO

from hpcfit.errors import Fault, InputError
from hpcfit.fit import Fit, Listener
from hpcfit.job_outputs import MARK, unsafe
from hpcfit.listeners.exports import Exports
from hpcfit.listeners.log import Log, Messages, RunLog, open_log
from hpcfit.listeners.progress import Progress
from hpcfit.listeners.run_file import RunFile
from hpcfit.parallel.communicator import ROOT
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.records import FloatArray, Job
from hpcfit.runfile.changes import differences
from hpcfit.runfile.header import RunHeader
from hpcfit.runfile.lock import RunLock
from hpcfit.runfile.run import StoredRun
from hpcfit.runfile.store import MemoryStore, RunStore, load, refuse_taken, run_lock


def run(
    fit: Fit,
    stream: TextIO,
    stopped: Callable[[], bool],
    output: str = "",
    overwrite: bool = False,
    earlier: StoredRun | None = None,
    x: FloatArray | None = None,
    brief: bool = False,
    break_lock: bool = False,
) -> tuple[str, StoredRun | None]:
    """Fit, and return the outcome and the run on the root, an empty string and None elsewhere.

    Parameters
    ----------
    output, overwrite
        The run file, and whether it may replace an earlier run, and the job's output files those of other programs;
        without a name the run stays in memory.
    earlier
        The run to continue, in its own file.
    x
        [n_free], the start; by default the job's start values.
    brief
        Whether to log messages and progress only, and to export no files.
    break_lock
        Whether to take the lock of the run file from a process on another host, which may be gone.

    Raises
    ------
    SharedError
        On every rank, if the run file cannot be written, another process writes it, or an output file is not
        hpcfit's.
    """
    header, store, job = fit.header(), None, fit.plan.job
    with ExitStack() as held:
        with raise_on_all_ranks(fit.comm):
            if fit.comm.rank == ROOT:
                if not brief:
                    refuse_outputs(job, overwrite, earlier is not None)
                lock = None
                if path := earlier.path if earlier else output:
                    lock = held.enter_context(run_lock(path, break_lock))
                store = _store(job, header, output, overwrite, earlier, lock)
                log = held.enter_context(_log(job, header, stream, store.resumes))
                if lock and lock.note:
                    log("none").write(f"{lock.note}\n")
        if store is None:
            return fit.run([], stopped), None
        listeners = [RunFile(store), *_listeners(job, store, log, brief, overwrite)]
        return fit.run(listeners, stopped, earlier, x), store.run


def refuse_outputs(job: Job, overwrite: bool = False, resumes: bool = False) -> None:
    """Refuse a job whose output files would replace files of other programs; a run that goes on appends to its log.

    Raises
    ------
    InputError
        With every such file.
    """
    faults = []
    for path, name in job.outputs:
        what, allowed = unsafe(path, overwrite or (resumes and path == job.log_file))
        if what:
            faults.append(Fault(_place(job, name), what, name, allowed))
    if faults:
        raise InputError(faults)


def _place(job: Job, name: str) -> str:
    """Return the first line of a job that names a file."""
    lines = job.text.splitlines()
    found = next((k for k, line in enumerate(lines, start=1) if os.path.basename(name) in line), 0)
    return job.place(found) if found else job.path


@contextmanager
def _log(job: Job, header: RunHeader, stream: TextIO, resumes: bool) -> Iterator[Log]:
    """Open the log; in a file it begins with hpcfit's mark."""
    with open_log(job.log_file, header.style, stream, append=resumes) as log:
        if job.log_file and not resumes:
            log("none").write(f"# log {MARK}\n")
        yield log


def _store(
    job: Job,
    header: RunHeader,
    output: str,
    overwrite: bool,
    earlier: StoredRun | None,
    lock: RunLock | None,
) -> MemoryStore:
    interval = job.fitting.checkpoint_interval if job.fitting else 1
    if earlier is not None:
        return RunStore.resume(earlier, header, interval, lock)
    if output:
        refuse_taken(job, output)
        return RunStore.create(output, header, interval, overwrite, lock)
    return MemoryStore(header)


def _listeners(job: Job, store: MemoryStore, log: Log, brief: bool, overwrite: bool) -> Sequence[Listener]:
    interval = job.fitting.output_interval if job.fitting else None
    progress = Progress(store.header, log("medium"), interval or 0)
    if brief:
        return [Messages(log, store), progress]
    return [RunLog(log, store), progress, Exports(job, store, log("medium"), overwrite)]


def earlier_run(fit: Fit, output: str) -> StoredRun | None:
    """Return the run in `output` to continue on every rank, None if there is no such file.

    Raises
    ------
    SharedError
        On every rank, if the run cannot be read, or the job or a dataset has changed since it started.
    """
    stored = None
    with raise_on_all_ranks(fit.comm):
        if fit.comm.rank == ROOT and os.path.exists(output):
            stored = load(output)
            if faults := differences(stored.header, fit.plan.job, fit.plan.indices):
                raise InputError(faults)
    return fit.comm.broadcast(stored)  # type: ignore[no-any-return]
