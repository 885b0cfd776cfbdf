"""A job with nothing left to fit, at the values its fit has come to: what calculators and exports are made from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.objective.catalogue import catalogue
from hpcfit.objective.model import Model
from hpcfit.output.result import StoredRun
from hpcfit.output.store import load
from hpcfit.records import FloatArray, Function, Job, Parameter, Potential, ReadOptions


@dataclass(frozen=True)
class FinalJob:
    """A job to go on from.

    Parameters
    ----------
    job
        Its parameters, none of them free or dependent, start at the values wanted.
    loss
        Name and value of the loss there, as in ``chi^2 27.87544254``; empty for a job that was not fitted.
    note
        What the user must be told of how the run file was read; empty when all is well.
    """

    job: Job
    loss: str = ""
    note: str = ""


def read_final(path: str, structures: bool = False, allow_outside: bool = False) -> FinalJob:
    """Return the job of a file: of a run file at the last stored state, of a job file at its start values.

    Parameters
    ----------
    path
        A run file or a job file.
    structures
        Whether the job's structures are wanted, whose datasets must then exist.
    allow_outside
        Whether a job file may include files from outside its folder.

    Raises
    ------
    InputError
        When the file cannot be read or has faults.
    """
    if _is_job(path):
        job = _read(path, None, structures, allow_outside)
        return FinalJob(_fixed(job, _start(job)))
    run = load(path)
    header = run.header
    job = _read(header.job_path, header.job_text, structures, allow_outside)
    return final_of_run(job, run)


def _read(path: str, text: str | None, structures: bool, allow_outside: bool) -> Job:
    # Python is allowed because nothing of it runs here.
    return read_job(
        path, catalogue(), ReadOptions(allow_outside, allow_python=True, structures=structures), text
    )


def final_of_run(job: Job, run: StoredRun) -> FinalJob:
    """Return a run's job at the run's last stored state.

    Raises
    ------
    InputError
        When the job has other parameters than the run.
    """
    found = [p.path for p in job.parameters]
    allowed = [p.path for p in run.header.parameters]
    if found != allowed:
        what = "parameters of the run's job are not those of the run"
        raise InputError([Fault(run.source or run.path, what, ", ".join(found), ", ".join(allowed))])
    loss = run.header.loss
    return FinalJob(_fixed(job, run.values), f"{loss.label} {loss.factor * run.state.cost:.10g}", run.note)


def _start(job: Job) -> FloatArray:
    """Return the start values, those of dependent parameters from their constraints."""
    if not job.constraints:
        return np.array([p.start for p in job.parameters])
    model = Model(job)
    return model.variables.parameters(model.start)


def _is_job(path: str) -> bool:
    """Return whether a file is a job file: by its content, by its name where there is no file."""
    if not os.path.isfile(path):
        return Path(path).suffix == ".xml"
    with open(path, "rb") as file:
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
    """Return a function at the next values, in the order of `Function.all_parameters`."""
    parameters = _parameters_at(function.parameters, values)
    children = tuple(_function_at(child, values) for child in function.children)
    screening = _function_at(function.screening, values) if function.screening else None
    return replace(function, parameters=parameters, children=children, screening=screening)


def _parameters_at(parameters: tuple[Parameter, ...], values: Iterator[float]) -> tuple[Parameter, ...]:
    return tuple(
        replace(parameter, start=next(values), free=False, transform="", constraint="")
        for parameter in parameters
    )
