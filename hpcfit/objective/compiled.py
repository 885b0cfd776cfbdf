"""Programs that the root compiles for all ranks: SymPy is slow to import, so workers receive plain arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpcfit.errors import Fault, InputError
from hpcfit.objective.acceleration import idle_settings, missing_exact, uses_exact
from hpcfit.objective.structures.derived import compile_derived
from hpcfit.potential.constraints import CompiledConstraint, compile_constraints
from hpcfit.potential.functions import check_derivative, compile_programs
from hpcfit.potential.library import potential_forms
from hpcfit.potential.program import Program
from hpcfit.potential.second_derivative import SecondDerivative, compile_second_derivative
from hpcfit.potential.spline import CompiledFunction
from hpcfit.records import Job, PotentialForm

#: Tolerance of a user's derivative: rounding errors, but not a missing digit.
_TOLERANCE = 1e-6

#: End of the check of functions without a cut-off: densities are of order one.
_FARTHEST = 2.0


@dataclass(frozen=True)
class Compiled:
    """The programs of a job.

    Parameters
    ----------
    values
        Per potential, the programs of its functions for values; empty if it is not built from functions.
    derivatives
        The same with derivatives by the varying parameters.
    constraints
        Ordered such that each depends only on earlier ones.
    derived
        Programs of derived properties, in document order; outputs are the value and its derivatives by the terms.
    warnings
        Wrong derivatives of formulas in the job, and settings without effect.
    second
        Per potential, its second derivative along a path of its parameters, None where that is zero; empty unless
        available for all potentials and requested.
    """

    values: tuple[tuple[CompiledFunction, ...], ...]
    derivatives: tuple[tuple[CompiledFunction, ...], ...]
    constraints: tuple[CompiledConstraint, ...]
    derived: tuple[Program, ...]
    warnings: tuple[str, ...]
    second: tuple[SecondDerivative | None, ...] | None = None


def compile_job(job: Job) -> Compiled:
    """Return the programs of all functions, constraints and derived properties of a job.

    Raises
    ------
    InputError
        When a formula of valid syntax cannot be compiled.
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
        varies = [potential.parameters[place].varies for place in potential.kernel_places]
        varying = [place for place, moves in enumerate(varies) if moves]
        fixed = [place for place, moves in enumerate(varies) if not moves]
        plain.append(compile_programs(potential, form, n_species, [], fixed))
        full.append(compile_programs(potential, form, n_species, varying, fixed) if varying else plain[-1])
    if faults := missing_exact(job, forms):
        raise InputError(faults)
    second = _second(job, forms) if uses_exact(job, forms) else None
    constraints, derived = compile_constraints(job, second is not None), compile_derived(job)
    warnings = (*_warnings(job), *idle_settings(job, forms))
    return Compiled(tuple(plain), tuple(full), constraints, derived, warnings, second)


def _second(job: Job, forms: dict[str, PotentialForm]) -> tuple[SecondDerivative | None, ...]:
    return tuple(
        compile_second_derivative(
            potential,
            forms,
            len(job.species),
            [k for k, p in enumerate(potential.parameters) if p.constraint or (p.free and p.transform)],
        )
        for potential in job.potentials
    )


def _warnings(job: Job) -> Iterator[str]:
    for path, function in job.functions.items():
        if not function.derivative:
            continue
        values = dict(zip(function.names, (p.start for p in function.parameters), strict=True))
        limit = _FARTHEST if math.isinf(function.cutoff) else function.cutoff
        # Not at round numbers, where pieces of a formula often join.
        points = limit * (np.arange(4, 64) + 0.37) / 64
        found = check_derivative(
            function.formula, function.derivative, function.variable, values, function.cutoff, points
        )
        if found.error > _TOLERANCE:
            what = f"derivative of {path} differs from that of its expression and is not used"
            yield str(Fault(job.path, what, f"{found.given:.6g} at {found.x:.6g}", f"{found.exact:.6g}"))
