"""A fit with its store and listeners, for commands and scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TextIO

from hpcfit.errors import InputError
from hpcfit.fit import Fit, Listener
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
        The run file, and whether it may replace an earlier one; without a name the run stays in memory.
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
        On every rank, if the run file cannot be written, or another process writes it.
    """
    header, store, job = fit.header(), None, fit.plan.job
    with ExitStack() as held:
        with raise_on_all_ranks(fit.comm):
            if fit.comm.rank == ROOT:
                lock = None
                if path := earlier.path if earlier else output:
                    lock = held.enter_context(run_lock(path, break_lock))
                    stream.write(f"{lock.note}\n" if lock.note else "")
                store = _store(job, header, output, overwrite, earlier, lock)
        if store is None:
            return fit.run([], stopped), None
        with open_log(job.log_file, header.style, stream, append=store.resumes) as log:
            listeners = [RunFile(store), *_listeners(job, store, log, brief)]
            return fit.run(listeners, stopped, earlier, x), store.run


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


def _listeners(job: Job, store: MemoryStore, log: Log, brief: bool) -> Sequence[Listener]:
    interval = job.fitting.output_interval if job.fitting else None
    progress = Progress(store.header, log("medium"), interval or 0)
    if brief:
        return [Messages(log, store), progress]
    return [RunLog(log, store), progress, Exports(job, store, log("medium"))]


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
