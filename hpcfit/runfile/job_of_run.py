"""The job of a run to resume: its file, or the text that a script produced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hpcfit.dataset.reader import Dataset
from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.records import SCRIPT_JOB, Job, ReadOptions
from hpcfit.runfile.run import StoredRun


def reread(stored: StoredRun, read: Callable[[str], Job]) -> Job:
    """Return the job of a run.

    Parameters
    ----------
    stored
        The run.
    read
        Returns the job in a file.

    Raises
    ------
    InputError
        If the job is missing or has faults, or needs a function of its script.
    """
    path = stored.header.job_path
    if not _is_of_script(stored):
        if not Path(path).exists():
            allowed = "the file the run was started with"
            raise InputError([Fault(path, "job of the run does not exist", allowed=allowed)])
        return read(path)
    try:
        # Never run the function, since this would run the whole script.
        job = read_job(path, catalogue(), ReadOptions(allow_python=True), stored.header.job_text)
        for source in job.datasets:
            with Dataset(source.path, source.file):
                pass
    except InputError as error:
        raise InputError([*error.faults, *hints(stored)]) from error
    if any(source.runs_python for source in job.datasets):
        raise InputError([Fault(path, "residual function belongs to a script"), *hints(stored)])
    return job


def hints(stored: StoredRun) -> list[Fault]:
    """Return how to resume the run of a script; empty for other runs."""
    if not _is_of_script(stored):
        return []
    allowed = f"minimize(..., output='{stored.path}', resume=True) in the script"
    return [Fault(stored.path, "run of a script cannot resume without it", allowed=allowed)]


def _is_of_script(stored: StoredRun) -> bool:
    return Path(stored.header.job_path).name == SCRIPT_JOB
