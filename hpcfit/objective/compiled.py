"""What the root compiles for all ranks: SymPy is slow to import, so that workers get programs, plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

from hpcfit.errors import Fault, InputError
from hpcfit.potential.constraints import CompiledConstraint, compile_constraints
from hpcfit.potential.functions import compile_programs
from hpcfit.potential.library import potential_forms
from hpcfit.potential.program import Program
from hpcfit.records import Job


@dataclass(frozen=True)
class Compiled:
    """The programs of a job.

    Parameters
    ----------
    values
        Per potential, the programs of its functions for values alone; empty for one that is not built from functions.
    derivatives
        The same with derivatives by the parameters that vary.
    constraints
        In an order in which each can be worked out after those before it.
    """

    values: tuple[tuple[Program, ...], ...]
    derivatives: tuple[tuple[Program, ...], ...]
    constraints: tuple[CompiledConstraint, ...]


def compile_job(job: Job) -> Compiled:
    """Return the programs of all functions and constraints of a job.

    Raises
    ------
    InputError
        When a formula cannot be compiled, though its syntax is right.
    """
    try:
        return _compiled(job)
    except ValueError as error:
        raise InputError([Fault(job.path, str(error))]) from error


def _compiled(job: Job) -> Compiled:
    forms = {form.name: form for form in potential_forms()}
    plain, full = [], []
    for potential in job.potentials:
        form, n_species = forms[potential.form], len(job.species)
        varying = [place for place, parameter in enumerate(potential.parameters) if parameter.varies]
        plain.append(compile_programs(potential, form, n_species, []))
        full.append(compile_programs(potential, form, n_species, varying) if varying else plain[-1])
    return Compiled(tuple(plain), tuple(full), compile_constraints(job))
