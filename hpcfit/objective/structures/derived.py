"""Compiles derived properties to programs for values and derivatives by their terms, so that ranks need no SymPy."""

from __future__ import annotations

from hpcfit.potential.expression.syntax import Node, parse, substituted
from hpcfit.potential.program import Program
from hpcfit.records import DerivedProperty, Job

#: A derived property has no variable: no term has this name.
_VARIABLE = "x"


def compile_derived(job: Job) -> tuple[Program, ...]:
    """Return the programs of the job's derived properties, in document order.

    The outputs of each are its value and its derivatives by the terms, in their order.

    Raises
    ------
    ValueError
        If an expression is invalid.
    """
    compiled = []
    for derived in job.derived:
        try:
            compiled.append(_compile(derived))
        except ValueError as error:
            raise ValueError(f"derived property '{derived.id}': {error}") from None
    return tuple(compiled)


def _compile(derived: DerivedProperty) -> Program:
    # SymPy takes a second to import, and only jobs with formulas need it.
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.symbolic import differentiate

    names = [f"p{number}" for number in range(len(derived.terms))]
    trees: dict[str, Node] = {
        term.name: parse(name, names) for term, name in zip(derived.terms, names, strict=True)
    }
    tree = substituted(parse(derived.formula, list(trees)), trees)
    derivatives = differentiate(tree, _VARIABLE, names)
    return compile_outputs([derivatives.value, *derivatives.by_parameter], _VARIABLE, names)
