"""The ``<parameter-constraints>`` of a job: parameters that are functions of others.

In an expression ``{PATH}`` is a parameter's value and ``{PATH:eval.R}`` a function's value at R.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.braces import named_terms
from hpcfit.job.document.values import Faults, quoted
from hpcfit.records import Constraint, ConstraintTerm, Potential, functions_by_path

_EVALUATED = ":eval."


def dependents(parent: etree._Element | None) -> dict[str, str]:
    """Return the expressions of dependent parameters by path, as written in the job."""
    elements = [] if parent is None else parent.findall("constraint")
    return {
        values.line_of_text(element.get("dependent-dof")): values.line_of_text(element.findtext("expression"))
        for element in elements
    }


def read_constraints(
    parent: etree._Element | None,
    potentials: Sequence[Potential],
    check_formula: Callable[[str, Collection[str]], None],
    faults: Faults,
) -> tuple[Constraint, ...]:
    """Return the constraints, each one after those that it needs.

    Parameters
    ----------
    parent
        The ``<parameter-constraints>`` element, if any.
    potentials
        The job's.
    check_formula
        As in `FunctionCatalogue`.
    faults
        Collects the faults.
    """
    if parent is None or not potentials:
        return ()  # without potentials, whose faults are reported, no path can be checked
    elements = parent.findall("constraint")
    values.check_ids(elements, faults)
    return _Reader(potentials, check_formula, faults).constraints(elements)


@dataclass(frozen=True)
class _Read:
    """A constraint, its element, and the paths of the parameters that it needs."""

    constraint: Constraint
    element: etree._Element
    needs: frozenset[str]


class _Reader:
    def __init__(
        self,
        potentials: Sequence[Potential],
        check_formula: Callable[[str, Collection[str]], None],
        faults: Faults,
    ) -> None:
        self._parameters = [p.path for potential in potentials for p in potential.parameters]
        self._functions = functions_by_path(potentials)
        self._check_formula = check_formula
        self._faults = faults

    def constraints(self, elements: Sequence[etree._Element]) -> tuple[Constraint, ...]:
        found: dict[str, _Read] = {}
        for element in elements:
            read = self._constraint(element)
            dependent = read.constraint.dependent
            if dependent in found:
                earlier = self._faults.line(found[dependent].element)
                self._faults.add(element, f"two constraints of {dependent}", f"another in {earlier}")
            elif self._known(element, "dependent-dof", dependent, self._parameters):
                found[dependent] = read
        return self._in_order(found)

    def _constraint(self, element: etree._Element) -> _Read:
        expression = element.find("expression")
        text = values.line_of_text(expression.text if expression is not None else "")
        formula, named = named_terms(text)
        terms = [self._term(element, inside, name) for name, inside in named.items()]
        needs = {path for term in terms for path in self._needed(term)}
        if formula and expression is not None:
            self._check(expression, formula, terms)
        constraint = Constraint(
            id=values.line_of_text(element.get("id")),
            dependent=values.line_of_text(element.get("dependent-dof")),
            formula=formula,
            terms=tuple(terms),
        )
        return _Read(constraint, element, frozenset(needs))

    def _check(self, expression: etree._Element, formula: str, terms: Sequence[ConstraintTerm]) -> None:
        try:
            self._check_formula(formula, [term.name for term in terms])
        except ValueError as error:
            self._faults.add(expression, str(error))

    def _term(self, element: etree._Element, text: str, name: str) -> ConstraintTerm:
        path, evaluated, argument = text.partition(_EVALUATED)
        if not evaluated:
            self._known(element, "expression", path, self._parameters)
            return ConstraintTerm(name, path, None)
        if self._known(element, "expression", path, self._functions) and path in self._functions:
            self._check_argument(element, path, argument)
        return ConstraintTerm(name, path, values.number(argument))

    def _check_argument(self, element: etree._Element, path: str, argument: str) -> None:
        if not math.isfinite(values.number(argument)):
            self._faults.add(element, f"bad argument of {path}", quoted(argument), "a finite number")

    def _known(self, element: etree._Element, where: str, path: str, known: Collection[str]) -> bool:
        if path in known:
            return True
        if path:
            kind = "function" if known is self._functions else "parameter"
            what = f"unknown {kind} in {where} of <constraint>"
            self._faults.add(element, what, quoted(path), nearest=nearest(path, known))
        return False

    def _needed(self, term: ConstraintTerm) -> Collection[str]:
        if term.argument is None:
            return [term.path]
        function = self._functions.get(term.path)
        return [] if function is None else [p.path for p in function.all_parameters]

    def _in_order(self, found: dict[str, _Read]) -> tuple[Constraint, ...]:
        """Return the constraints, each after those that it needs; a cycle is a fault."""
        ordered: list[Constraint] = []
        done: set[str] = set()
        waiting = dict(found)
        while ready := [path for path, read in waiting.items() if not (read.needs & found.keys()) - done]:
            ordered += [waiting.pop(path).constraint for path in ready]
            done.update(ready)
        for path, read in waiting.items():
            others = ", ".join(sorted(read.needs & waiting.keys()))
            self._faults.add(read.element, f"{path} depends on itself", f"through {others}")
        return tuple(ordered)
