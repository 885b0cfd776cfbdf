"""Differences between a stored run and the job and data that it resumes with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from hpcfit.errors import Fault, InputError
from hpcfit.records import DatasetIndex, Job
from hpcfit.runfile.header import DatasetRecord, RunHeader
from hpcfit.runfile.run import StoredRun

_SHOWN = 80  #: characters of a line that fit into a message


def differences(header: RunHeader, job: Job, indexes: Sequence[DatasetIndex]) -> list[Fault]:
    """Return a fault for every change of the job and its datasets since the run started.

    Parameters
    ----------
    header
        Of the stored run.
    indexes
        One per dataset of the job, in document order.
    """
    current = {
        source.id: DatasetRecord.of(source, index)
        for source, index in zip(job.datasets, indexes, strict=True)
    }
    stored = {record.id: record for record in header.datasets}
    faults = job_differences(header, job)
    for name, record in stored.items():
        if name not in current:
            faults.append(Fault(job.path, f"dataset '{name}' of the run is missing", allowed=record.path))
        else:
            faults.extend(_dataset_fault(record, current[name]))
    faults.extend(
        Fault(job.path, f"dataset '{name}' is not part of the run", found=current[name].path)
        for name in current
        if name not in stored
    )
    return faults


def job_differences(header: RunHeader, job: Job) -> list[Fault]:
    """Return a fault for the first change of the job, its datasets left out; empty if it is the run's job."""
    return [*_job_fault(header, job)] or [*_start_faults(header, job)] or [*_file_fault(header, job)]


def refuse_other_job(stored: StoredRun, job: Job) -> None:
    """Refuse a run of another job, or of an earlier text of this one.

    Raises
    ------
    InputError
        With the first difference.
    """
    if faults := job_differences(stored.header, job):
        what = "run of another job, or the job changed since"
        allowed = f"{job.path}, or another run file"
        raise InputError([Fault(stored.path, what, stored.header.job_path, allowed), *faults])


def _job_fault(header: RunHeader, job: Job) -> Iterator[Fault]:
    lines = zip_longest(
        job.text.splitlines(keepends=True), header.job_text.splitlines(keepends=True), fillvalue=""
    )
    for number, (found, allowed) in enumerate(lines, start=1):
        if found != allowed:
            what = "job changed since the run started"
            start = _shown_from(found, allowed)
            yield Fault(job.place(number), what, _shown(found, start), _shown(allowed, start))
            return


def _start_faults(header: RunHeader, job: Job) -> Iterator[Fault]:
    """Yield start values that changed in a file named by the job, although the job's text did not change."""
    for stored, current in zip(header.parameters, job.parameters, strict=False):
        if stored.start != current.start:
            what = f"start of {current.path} changed since the run started"
            yield Fault(job.path, what, repr(current.start), repr(stored.start))


def _file_fault(header: RunHeader, job: Job) -> Iterator[Fault]:
    """Yield changes that only the job's hash shows: files of structures or potentials changed."""
    if job.hash != header.job_hash:
        yield Fault(
            job.path,
            "a file that the job names, or a structure of a script, changed since the run started",
            job.hash,
            header.job_hash,
        )


def _shown_from(found: str, allowed: str) -> int:
    """Return the first character to show, so that long lines show the difference."""
    pairs = zip_longest(found, allowed)
    different = next(k for k, (a, b) in enumerate(pairs) if a != b)
    return max(0, different - _SHOWN // 2)


def _shown(line: str, start: int) -> str:
    """Return a part of a line in quotes, with tabs and line ends visible, since they may differ."""
    return repr(line[start : start + _SHOWN]) if line else "end of file"


def _dataset_fault(stored: DatasetRecord, current: DatasetRecord) -> Iterator[Fault]:
    if _content(stored) != _content(current):
        what = f"dataset '{stored.id}' changed since the run started"
        yield Fault(current.path, what, _content(current), _content(stored))
    elif stored.weighting != current.weighting:
        what = f"weights or groups of dataset '{stored.id}' changed since the run started"
        yield Fault(current.path, what, f"hash {current.weighting}", f"hash {stored.weighting}")


def _content(record: DatasetRecord) -> str:
    return f"{record.n_configurations} configurations, {record.n_atoms} atoms, hash {record.content}"
