"""A job with all parameters fixed at their final values, for calculators and exports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hpcfit.errors import Fault, InputError
from hpcfit.input_files import open_regular
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.model import Model
from hpcfit.records import FloatArray, Function, Job, Parameter, Potential, ReadOptions
from hpcfit.runfile.run import StoredRun
from hpcfit.runfile.store import load


@dataclass(frozen=True)
class FinalJob:
    """A job with fixed parameters.

    Parameters
    ----------
    job
        The job; no parameter is free or dependent, and all start at the final values.
    loss
        Name and value of the loss there, as ``chi^2 27.87544254``; empty for a job that was not fitted.
    note
        As in `StoredRun.note`.
    """

    job: Job
    loss: str = ""
    note: str = ""


def read_final(path: str, structures: bool = False, allow_outside: bool = False) -> FinalJob:
    """Return the job of a run file at its last state, or of a job file at its start values.

    Parameters
    ----------
    path
        A run file or a job file.
    structures
        Whether to read the job's structures; their datasets must then exist.
    allow_outside
        Whether a job file may include files outside its folder.

    Raises
    ------
    InputError
        If the file cannot be read or has faults.
    """
    if _is_job(path):
        job = _read(path, None, structures, allow_outside)
        return FinalJob(_fixed(job, _start(job)))
    run = load(path)
    header = run.header
    job = _read(header.job_path, header.job_text, structures, allow_outside)
    return final_of_run(job, run)


def _read(path: str, text: str | None, structures: bool, allow_outside: bool) -> Job:
    # Python is allowed because reading does not run it.
    return read_job(
        path, catalogue(), ReadOptions(allow_outside, allow_python=True, structures=structures), text
    )


def final_of_run(job: Job, run: StoredRun) -> FinalJob:
    """Return a run's job at the last stored state.

    Raises
    ------
    InputError
        If job and run have different parameters.
    """
    found = [p.path for p in job.parameters]
    allowed = [p.path for p in run.header.parameters]
    if found != allowed:
        what = "job and run have different parameters"
        raise InputError([Fault(run.source or run.path, what, ", ".join(found), ", ".join(allowed))])
    loss = run.header.loss
    return FinalJob(_fixed(job, run.values), f"{loss.label} {loss.factor * run.state.cost:.10g}", run.note)


def _start(job: Job) -> FloatArray:
    """Return the start values, with dependent parameters computed from their constraints."""
    if not job.constraints:
        return np.array([p.start for p in job.parameters])
    model = Model(job)
    return model.variables.parameters(model.start)


def _is_job(path: str) -> bool:
    """Return whether a file is a job file, by its content, or by its name if it does not exist."""
    if not os.path.isfile(path):
        return Path(path).suffix == ".xml"
    with open_regular(path) as file:
        return file.read(256).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _fixed(job: Job, values: FloatArray) -> Job:
    given = iter(values.tolist())
    potentials = tuple(_potential_at(potential, given) for potential in job.potentials)
    return replace(job, potentials=potentials, constraints=())


def _potential_at(potential: Potential, values: Iterator[float]) -> Potential:
    """Return a potential at the next values, one for each of its parameters."""
    parameters = _parameters_at(potential.parameters, values)
    own = iter([parameters[place].start for place in potential.kernel_places])
    functions = tuple(_function_at(function, own) for function in potential.functions)
    return replace(potential, functions=functions, parameters=parameters)


def _function_at(function: Function, values: Iterator[float]) -> Function:
    parameters = _parameters_at(function.parameters, values)
    children = tuple(_function_at(child, values) for child in function.children)
    screening = _function_at(function.screening, values) if function.screening else None
    return replace(function, parameters=parameters, children=children, screening=screening)


def _parameters_at(parameters: tuple[Parameter, ...], values: Iterator[float]) -> tuple[Parameter, ...]:
    return tuple(
        replace(parameter, start=next(values), free=False, transform="", constraint="")
        for parameter in parameters
    )
