"""The data of a run before its first iteration: job, data, parameters, versions, machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timezone
from typing import Any

import h5py
import numpy as np
import scipy

from hpcfit.dataset.hashing import weighting_hash
from hpcfit.records import VERBOSITIES, DatasetIndex, DatasetSource, Job, Parameter
from hpcfit.version import __version__


@dataclass(frozen=True)
class LossDisplay:
    """Display of the sum of squares: ``factor`` times it, with the name ``label`` and ``digits`` digits.

    ``of`` names the function of the residuals that is summed, ``squares`` by default.
    """

    factor: float
    label: str
    digits: int = 10
    of: str = "squares"

    def text(self, cost: float) -> str:
        """Return a sum of squares as text."""
        return f"{self.factor * cost:#.{self.digits}g}"


@dataclass(frozen=True)
class Style:
    """Verbosity, one of `VERBOSITIES`, and number of digits; 0 for the default of each number."""

    verbosity: str = "medium"
    precision: int = 0

    def shows(self, level: str) -> bool:
        """Whether messages of a level are printed."""
        return VERBOSITIES.index(self.verbosity) >= VERBOSITIES.index(level)

    def number(self, value: float, digits: int) -> str:
        """Return a number as text, with the job's number of digits, by default `digits`."""
        return f"{value:.{self.precision or digits}g}"


@dataclass(frozen=True)
class Counts:
    """Size of a fit: the selected structures, their atoms and the rows of the residual vector."""

    n_structures: int
    n_atoms: int
    n_residuals: int


@dataclass(frozen=True)
class Machine:
    """The machine: host name of every rank, and the description of the MPI library."""

    hosts: tuple[str, ...]
    mpi_library: str


@dataclass(frozen=True)
class DatasetRecord:
    """The data that identify a dataset.

    Parameters
    ----------
    id
        Id in the job.
    path
        File as the job names it.
    content
        Hash over all configurations.
    weighting
        Hash over all weights and groups, which `content` does not include.
    n_configurations, n_atoms
        Counts of the whole file, not of the selection.
    """

    id: str
    path: str
    content: str
    weighting: str
    n_configurations: int
    n_atoms: int

    @classmethod
    def of(cls, source: DatasetSource, index: DatasetIndex) -> DatasetRecord:
        """Return the record of the dataset that `source` names and `index` describes."""
        return cls(
            source.id, index.path, index.content, weighting_hash(index), len(index), int(index.ptr[-1])
        )


@dataclass(frozen=True)
class RunHeader:
    """The content of a run file besides states and result.

    Parameters
    ----------
    job_name, job_path, job_text, job_hash
        As in `hpcfit.records.Job`.
    datasets
        In document order.
    parameters
        All parameters of the job, fixed ones included.
    options
        Settings of the solver and the fit by name, without those that are None.
    versions
        Of hpcfit, python and the libraries; ``mpi`` is the MPI library's description.
    started
        UTC, ISO 8601.
    hosts
        Host name of every rank.
    """

    job_name: str
    job_path: str
    job_text: str
    job_hash: str
    datasets: tuple[DatasetRecord, ...]
    parameters: tuple[Parameter, ...]
    options: Mapping[str, int | float | str]
    versions: Mapping[str, str]
    started: str
    hosts: tuple[str, ...]
    counts: Counts
    loss: LossDisplay
    style: Style = Style()

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The fitted parameters, in the order of the solver's vector."""
        return tuple(p for p in self.parameters if p.free)


def run_header(
    job: Job, indexes: Sequence[DatasetIndex], counts: Counts, machine: Machine, loss: LossDisplay
) -> RunHeader:
    """Return the header of a run that starts now.

    Parameters
    ----------
    indexes
        One per dataset of the job, in document order.
    """
    return RunHeader(
        job_name=job.name,
        job_path=job.path,
        job_text=job.text,
        job_hash=job.hash,
        datasets=tuple(
            DatasetRecord.of(source, index) for source, index in zip(job.datasets, indexes, strict=True)
        ),
        parameters=job.parameters,
        options=_options(job.fitting) if job.fitting else {},
        versions=_versions(machine.mpi_library),
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        hosts=machine.hosts,
        counts=counts,
        loss=replace(loss, digits=job.precision or loss.digits),
        style=Style(job.verbosity, job.precision or 0),
    )


def _options(record: Any, prefix: str = "") -> dict[str, int | float | str]:
    """Return the settings in a record by name; those of a local minimiser as ``local.name``."""
    found: dict[str, int | float | str] = {}
    for field in fields(record):
        name, value = prefix + field.name, getattr(record, field.name)
        if is_dataclass(value):
            found[name] = type(value).__name__.removesuffix("Options").lower()
            found |= _options(value, prefix if field.name == "solver" else f"{name}.")
        elif isinstance(value, tuple):
            found |= {prefix + option: setting for option, setting in value}
        elif value is not None:
            found[name] = value
    return found


def _versions(mpi_library: str) -> dict[str, str]:
    libraries = {"numpy": np.__version__, "scipy": scipy.__version__, "h5py": h5py.__version__}
    return {"hpcfit": __version__, "python": platform.python_version(), **libraries, "mpi": mpi_library}
