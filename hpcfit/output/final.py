"""A job whose start values are what its fit has come to: what calculators and exports are made from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.output.result import StoredRun
from hpcfit.output.store import load
from hpcfit.potential.functions import function_catalogue
from hpcfit.potential.library import potential_forms
from hpcfit.records import Function, Job, Parameter, Potential


@dataclass(frozen=True)
class FinalJob:
    """A job to go on from.

    Parameters
    ----------
    job
        Its parameters start at the values wanted.
    loss
        Name and value of the loss there, as in ``chi^2 27.87544254``; empty for a job that was not fitted.
    note
        What the user must be told of how the run file was read; empty when all is well.
    """

    job: Job
    loss: str = ""
    note: str = ""


def read_final(path: str, structures: bool = False) -> FinalJob:
    """Return the job of a file: of a run file at the last stored state, of a job file at its start values.

    Parameters
    ----------
    path
        A run file or a job file.
    structures
        Whether the job's structures are wanted, whose datasets must then exist.

    Raises
    ------
    InputError
        When the file cannot be read or has faults.
    """
    if _is_job(path):
        return FinalJob(read_job(path, potential_forms(), function_catalogue(), structures=structures))
    run = load(path)
    header = run.header
    job = read_job(header.job_path, potential_forms(), function_catalogue(), header.job_text, structures)
    return FinalJob(_at_final(job, run), f"{header.loss.label} {_loss(run):.10g}", run.note)


def _loss(run: StoredRun) -> float:
    return run.header.loss.factor * run.state.cost


def _is_job(path: str) -> bool:
    """Return whether a file is a job file: by its content, by its name where there is no file."""
    if not os.path.isfile(path):
        return Path(path).suffix == ".xml"
    with open(path, "rb") as file:
        return file.read(256).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _at_final(job: Job, run: StoredRun) -> Job:
    stored = run.header.parameters
    found, allowed = [p.path for p in job.parameters], [p.path for p in stored]
    if found != allowed:
        what = "parameters of the run's job are not those of the run"
        raise InputError([Fault(run.source or run.path, what, ", ".join(found), ", ".join(allowed))])
    values = iter(run.values.tolist())
    return replace(job, potentials=tuple(_potential_at(p, values) for p in job.potentials))


def _potential_at(potential: Potential, values: Iterator[float]) -> Potential:
    """Return a potential at the next values, one for each of its parameters."""
    if not potential.functions:
        return replace(potential, parameters=_parameters_at(potential.parameters, values))
    functions = tuple(_function_at(function, values) for function in potential.functions)
    parameters = tuple(p for function in functions for p in function.all_parameters)
    return replace(potential, functions=functions, parameters=parameters)


def _function_at(function: Function, values: Iterator[float]) -> Function:
    """Return a function at the next values, in the order of `Function.all_parameters`."""
    parameters = _parameters_at(function.parameters, values)
    children = tuple(_function_at(child, values) for child in function.children)
    screening = _function_at(function.screening, values) if function.screening else None
    return replace(function, parameters=parameters, children=children, screening=screening)


def _parameters_at(parameters: tuple[Parameter, ...], values: Iterator[float]) -> tuple[Parameter, ...]:
    return tuple(replace(parameter, start=next(values)) for parameter in parameters)
