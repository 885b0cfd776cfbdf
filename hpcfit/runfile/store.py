"""Stores of a run: memory, or a run file that is complete at every moment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from hpcfit.atomic import sweep, write
from hpcfit.errors import Fault, HpcfitError, InputError
from hpcfit.records import FloatArray, Job, State
from hpcfit.runfile.file import (
    HISTORY_COLUMNS,
    UnreadableRunError,
    header_image,
    read_run,
    run_image,
    state_values,
)
from hpcfit.runfile.header import RunHeader
from hpcfit.runfile.layout import stored_name
from hpcfit.runfile.lock import RunLock
from hpcfit.runfile.names import previous_path
from hpcfit.runfile.run import History, RunResult, StoredRun, plain_values
from hpcfit.sealed.files import sealed
from hpcfit.solver.geodesic import LIMITS_REACHED


class MemoryStore:
    """Keeps a run in memory; `RunStore` also writes it to a file.

    Parameters
    ----------
    header
        The data before the first iteration.
    earlier
        The run to continue, whose history and start time are kept.
    """

    def __init__(self, header: RunHeader, earlier: StoredRun | None = None) -> None:
        self._header = replace(header, started=earlier.header.started) if earlier else header
        self._run = replace(earlier, header=self._header, result=None) if earlier else None
        self.resumes = earlier is not None  #: whether it continues an earlier run

    @property
    def header(self) -> RunHeader:
        """The data before the first iteration."""
        return self._header

    @property
    def run(self) -> StoredRun:
        """The stored run.

        Raises
        ------
        ValueError
            If no state was saved yet.
        """
        if self._run is None:
            raise ValueError("no state was saved yet")
        return self._run

    def save(
        self,
        state: State,
        seconds: float,
        values: FloatArray | None = None,
        relaxed: Sequence[FloatArray] = (),
    ) -> None:
        """Add a state to the history; it replaces a last row of the same iteration.

        Parameters
        ----------
        seconds
            Wall time since the previous state.
        values
            [n_parameters], all parameters at the state; None if the solver's variables are the free parameters.
        relaxed
            As in `StoredRun`.

        Raises
        ------
        HpcfitError
            If the run file cannot be written.
        """
        history = _appended(self._run.history if self._run else {}, state, seconds)
        every = self._values(state, values)
        self._run = StoredRun(self._header, state, every, history, result=None, relaxed=tuple(relaxed))

    def finish(self, result: RunResult, values: FloatArray | None = None) -> None:
        """Add the end of the run and mark it complete.

        Parameters
        ----------
        values
            As in `save`.

        Raises
        ------
        HpcfitError
            If the run file cannot be written.
        """
        history = _appended(self._run.history if self._run else {}, result.state, seconds=0.0)
        relaxed = self._run.relaxed if self._run and result.outcome in LIMITS_REACHED else ()
        every = self._values(result.state, values)
        self._run = StoredRun(self._header, result.state, every, history, result, relaxed)

    def _values(self, state: State, values: FloatArray | None) -> FloatArray:
        return plain_values(self._header.parameters, state) if values is None else values


class RunStore(MemoryStore):
    """Keeps a run in a run file from the first state on; constructed by `create` and `resume`.

    Every write replaces the whole file and keeps the previous generation beside it.
    """

    def __init__(
        self,
        path: str,
        header: RunHeader,
        earlier: StoredRun | None,
        interval: int,
        lock: RunLock | None = None,
    ) -> None:
        super().__init__(header, earlier)
        self._path = path
        self._lock = lock
        self._interval = interval
        self._image = header_image(self._header, path)
        #: a damaged file at `path`, or one of another run, must not become the previous generation
        self._keep_previous = earlier is not None and earlier.source == path
        self._must_be_new = False
        sweep(path, previous_path(path))

    @classmethod
    def create(
        cls,
        path: str,
        header: RunHeader,
        interval: int = 1,
        overwrite: bool = False,
        lock: RunLock | None = None,
    ) -> RunStore:
        """Return the store of a new run; nothing is written before the first state.

        Parameters
        ----------
        interval
            Iterations between writes; a write includes the states since the last one.
        overwrite
            Whether to replace an existing run file. Other files are never replaced.
        lock
            The run file's lock, which every state refreshes.

        Raises
        ------
        InputError
            If the file exists, or the folder does not exist or cannot be written to.
        """
        require_folder(path)
        _refuse_existing(path, overwrite)
        store = cls(path, header, earlier=None, interval=interval, lock=lock)
        store._must_be_new = not overwrite
        if overwrite:
            # a fallback must never lead to the run that is overwritten
            with contextlib.suppress(FileNotFoundError):
                os.unlink(previous_path(path))
        return store

    @classmethod
    def resume(
        cls, earlier: StoredRun, header: RunHeader, interval: int = 1, lock: RunLock | None = None
    ) -> RunStore:
        """Return the store of a run that continues `earlier` in the same file.

        Parameters
        ----------
        earlier
            A result of `load`.
        header
            Of this process; the time of start stays that of `earlier`.
        interval
            Iterations between writes.
        lock
            The run file's lock, which every state refreshes.

        Raises
        ------
        InputError
            If the folder cannot be written to, or the run went on since it was read.
        """
        require_folder(earlier.path)
        if lock is not None:
            _refuse_progress(earlier, load(earlier.path))
        return cls(earlier.path, header, earlier, interval, lock)

    def save(  # noqa: D102 (as above)
        self,
        state: State,
        seconds: float,
        values: FloatArray | None = None,
        relaxed: Sequence[FloatArray] = (),
    ) -> None:
        super().save(state, seconds, values, relaxed)
        if self._lock is not None:
            self._lock.refresh()
        if state.iteration % self._interval == 0 or state.outcome:
            self._write()

    def finish(self, result: RunResult, values: FloatArray | None = None) -> None:  # noqa: D102
        super().finish(result, values)
        if self._lock is not None:
            self._lock.refresh()
        self._write()

    def keep(self, run: StoredRun) -> None:
        """Write a whole run, whose header is that of this store."""
        self._run = run
        self._write()

    def _write(self) -> None:
        if self._must_be_new:
            # another run may have created the file meanwhile
            _refuse_existing(self._path, overwrite=False)
        self._run = replace(self.run, path=self._path, source=self._path)
        run = self._run
        try:
            previous = previous_path(self._path) if self._keep_previous else ""
            write(self._path, sealed(run_image(self._image, run)), previous)
        except (OSError, RuntimeError) as error:
            fault = Fault(self._path, "run file cannot be written", found=str(error))
            raise HpcfitError(str(fault)) from error
        self._must_be_new = False
        self._keep_previous = True


def save_run(path: str, run: StoredRun, overwrite: bool, break_lock: bool = False) -> None:
    """Write a run that was kept in memory to a run file, whose lock is held meanwhile.

    Raises
    ------
    InputError
        As in `RunStore.create`.
    HpcfitError
        If the file cannot be written.
    """
    with run_lock(path, break_lock) as lock:
        RunStore.create(path, run.header, overwrite=overwrite, lock=lock).keep(run)


@contextlib.contextmanager
def run_lock(path: str, break_lock: bool = False) -> Iterator[RunLock]:
    """Hold the lock of a run file.

    Raises
    ------
    InputError
        If the folder cannot be written to, or another process writes the run file or may do so.
    """
    require_folder(path)
    lock = RunLock(path, break_lock)
    try:
        yield lock
    finally:
        lock.release()


def _refuse_progress(read: StoredRun, current: StoredRun) -> None:
    """Refuse a run that another process continued between reading it and locking it."""
    # an end at a limit is open again where the limit is raised
    is_open = current.result is None or current.result.outcome in LIMITS_REACHED
    if current.state.iteration != read.state.iteration or not (is_open or read.complete):
        found, allowed = (f"iteration {run.state.iteration}" for run in (current, read))
        what = "another process continued the run meanwhile, resume again"
        raise InputError([Fault(read.path, what, found, allowed)])


def load(path: str) -> StoredRun:
    """Return the content of a run file, or of the previous generation if the file is unreadable.

    `StoredRun.note` tells which.

    Raises
    ------
    InputError
        If neither can be read, or the file is not a run file.
    """
    if os.path.isdir(path):
        raise InputError([Fault(path, "a folder, not a run file")])
    try:
        return read_run(path, path)
    except UnreadableRunError as error:
        previous = previous_path(path)
        if not os.path.exists(previous):
            raise
        try:
            return read_run(previous, path)
        except InputError as second:
            raise InputError([*error.faults, *second.faults]) from second


def refuse_taken(job: Job, path: str) -> None:
    """Refuse a job whose output files would replace its run file or the previous generation.

    Raises
    ------
    InputError
        With every such file.
    """
    kept = [os.path.realpath(name) for name in (path, previous_path(path))]
    what = "output file would replace the run file or its previous generation"
    taken = [Fault(job.path, what, file) for name, file in job.outputs if os.path.realpath(name) in kept]
    if taken:
        raise InputError(taken)


def _appended(history: History, state: State, seconds: float) -> History:
    values = state_values(state)
    row = {stored_name(name): np.array([values[name]]) for name in HISTORY_COLUMNS}
    row["seconds"] = np.array([seconds], dtype=np.float64)
    if not history:
        return row
    if history["iteration"][-1] == state.iteration:
        if state.outcome in LIMITS_REACHED:
            # A larger limit continues from the row as it was.
            return {
                **history,
                "seconds": np.append(history["seconds"][:-1], history["seconds"][-1] + seconds),
            }
        row["seconds"] += history["seconds"][-1]
        history = {name: column[:-1] for name, column in history.items()}
    return {name: np.concatenate([history[name], values]) for name, values in row.items()}


def require_folder(path: str) -> None:
    """Refuse a run file in a folder that does not exist or cannot be written to.

    Raises
    ------
    InputError
        If so.
    """
    folder = os.path.dirname(path) or os.curdir
    if not os.path.isdir(folder):
        raise InputError([Fault(path, "folder of the run file does not exist", found=folder)])
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError([Fault(path, "folder of the run file cannot be written to", found=folder)])


def _refuse_existing(path: str, overwrite: bool) -> None:
    if not (os.path.exists(path) or os.path.exists(previous_path(path))):
        return
    run = load(path)
    if overwrite:
        return
    found = f"iteration {run.state.iteration} of an unfinished run"
    if run.result is not None:
        found = f"a finished run ({run.result.outcome})"
    allowed = "--overwrite or hpcfit resume, in Python overwrite=True or resume=True"
    raise InputError([Fault(run.source or path, "run file exists", found, allowed)])
