"""Compiled constraints: a dependent parameter and its derivatives by its arguments."""

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
        Its index among the job's parameters.
    arguments
        [n], indices of the parameters that it depends on, in the order of the program's parameters.
    program
        Its outputs are the value and the derivatives by the arguments; it does not use its variable.
    second
        Its output is the second derivative along a path p(t) of the arguments; it takes p, p' and p'' in sequence. None
        unless requested.
    """

    dependent: int
    arguments: NDArray[np.int64]
    program: Program
    second: Program | None = None


def compile_constraints(job: Job, second: bool = False) -> tuple[CompiledConstraint, ...]:
    """Return the job's compiled constraints, in the job's order, which follows their dependences.

    Parameters
    ----------
    job
        The job.
    second
        Whether to compile second derivatives along paths.

    Raises
    ------
    ValueError
        If an expression is invalid.
    """
    places = {parameter.path: place for place, parameter in enumerate(job.parameters)}
    compiled = []
    for constraint in job.constraints:
        try:
            compiled.append(_compile(constraint, job, places, second))
        except ValueError as error:
            raise ValueError(f"constraint '{constraint.id}': {error}") from None
    return tuple(compiled)


def _compile(constraint: Constraint, job: Job, places: dict[str, int], second: bool) -> CompiledConstraint:
    # SymPy takes a second to import and is needed for formulas only.
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.symbolic import differentiate

    trees: dict[str, Node] = {}
    arguments: list[int] = []
    for term in constraint.terms:
        paths = job.paths_of(term)
        own = [places[path] for path in paths]
        arguments += [place for place in own if place not in arguments]
        of_term = [_name(place) for place in own]
        trees[term.name] = (
            parse(of_term[0], of_term)
            if term.argument is None
            else tree_at(job.functions[term.path], of_term, term.argument)
        )
    tree = substituted(parse(constraint.formula, list(trees)), trees)
    names = [_name(place) for place in arguments]
    derivatives = differentiate(tree, _VARIABLE, names)
    outputs = [derivatives.value, *derivatives.by_parameter]
    program = compile_outputs(outputs, _VARIABLE, names, derivatives.parts)
    along = _along(tree, names, [job.parameters[place].varies for place in arguments]) if second else None
    return CompiledConstraint(
        places[constraint.dependent], np.array(arguments, dtype=np.int64), program, along
    )


def _along(tree: Node, names: list[str], varies: list[bool]) -> Program:
    """Return the program of the second derivative, without derivatives by fixed parameters."""
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.directional import second_along
    from hpcfit.potential.expression.symbolic import to_sympy

    rates = {name: (f"{name}:1", f"{name}:2") for name in names}
    paths = {name: rates[name] for name, moves in zip(names, varies, strict=True) if moves}
    every = [*names, *(first for first, _ in rates.values()), *(second for _, second in rates.values())]
    return compile_outputs([second_along(to_sympy(tree), paths)], _VARIABLE, every)


#: A constraint has no variable; no parameter has this name.
_VARIABLE = "x"


def _name(place: int) -> str:
    return f"p{place}"
