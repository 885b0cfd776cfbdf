"""Constraints between parameters, compiled: the dependent parameter and its derivatives by those it follows from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.expression.syntax import Node, parse, substituted
from hpcfit.potential.functions import tree_at
from hpcfit.potential.program import Program
from hpcfit.records import Constraint, Job


@dataclass(frozen=True)
class CompiledConstraint:
    """A dependent parameter as a program.

    Parameters
    ----------
    dependent
        Its place among the job's parameters.
    arguments
        [n], places of the parameters that it follows from, in the order in which the program takes them.
    program
        Its outputs are the value and the derivatives by the arguments; it does not look at its variable.
    """

    dependent: int
    arguments: NDArray[np.int64]
    program: Program


def compile_constraints(job: Job) -> tuple[CompiledConstraint, ...]:
    """Return the job's constraints, compiled, in the job's order: each one follows those that it needs.

    Raises
    ------
    ValueError
        If an expression is faulty; what, found, allowed.
    """
    places = {parameter.path: place for place, parameter in enumerate(job.parameters)}
    compiled = []
    for constraint in job.constraints:
        try:
            compiled.append(_compile(constraint, job, places))
        except ValueError as error:
            raise ValueError(f"constraint '{constraint.id}': {error}") from None
    return tuple(compiled)


def _compile(constraint: Constraint, job: Job, places: dict[str, int]) -> CompiledConstraint:
    # SymPy takes a second to import, and only jobs with formulas need it.
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.symbolic import differentiate

    trees: dict[str, Node] = {}
    arguments: list[int] = []
    for term in constraint.terms:
        paths = job.paths_of(term)
        own = [places[path] for path in paths]
        arguments += [place for place in own if place not in arguments]
        names = [_name(place) for place in own]
        trees[term.name] = (
            parse(names[0], names)
            if term.argument is None
            else tree_at(job.functions[term.path], names, term.argument)
        )
    tree = substituted(parse(constraint.formula, list(trees)), trees)
    derivatives = differentiate(tree, _VARIABLE, [_name(place) for place in arguments])
    outputs = [derivatives.value, *derivatives.by_parameter]
    program = compile_outputs(outputs, _VARIABLE, [_name(place) for place in arguments], derivatives.parts)
    return CompiledConstraint(places[constraint.dependent], np.array(arguments, dtype=np.int64), program)


#: No parameter has this name: a constraint has no variable.
_VARIABLE = "x"


def _name(place: int) -> str:
    return f"p{place}"
