"""The ``<properties>`` of the job's own structures: targets, weights, tolerances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.values import quoted
from hpcfit.job.potentials.fit_parameters import bounds
from hpcfit.job.structures.scope import Scope
from hpcfit.records import PropertyForm, Structure, WantedProperty

FORCES = "atomic-forces"


@dataclass(frozen=True)
class Holder:
    """The structure to which properties belong.

    Parameters
    ----------
    structure
        Without properties; without atoms if they have faults.
    forces
        Target forces, row by row, if given outside the property's element.
    in_fit
        Whether the structure takes part in the fit.
    """

    structure: Structure
    forces: tuple[float, ...]
    in_fit: bool


def lacking(form: PropertyForm, structure: Structure) -> str:
    """Return which structures have a property that this one lacks; empty if it has the property."""
    atoms = structure.atoms
    if form.mirrors and form.mirrors not in structure.values:
        return f"in a lattice with <{form.mirrors}>"
    if form.needs_volume and len(atoms) and np.linalg.det(atoms.cell) == 0:
        return "in a structure whose cell has a volume"
    return ""


def read_properties(structure: etree._Element, holder: Holder, scope: Scope) -> tuple[WantedProperty, ...]:
    """Return the listed properties, except those that are neither fitted nor printed."""
    forms = {form.name: form for form in scope.catalogue.properties} if scope.catalogue else {}
    found: list[WantedProperty] = []
    earlier: dict[tuple[object, ...], etree._Element] = {}
    for element in structure.iterfind("properties/*"):
        form = forms.get(str(element.tag))
        if form is None:
            continue  # the schema has reported it
        arguments = {
            name: values.line_of_text(element.get(name)) for name in form.arguments if name in element.attrib
        }
        key = (form.name, *sorted(arguments.items()))
        if key in earlier:
            what = f"<{form.name}> twice in <properties>"
            scope.faults.add(element, what, f"another in {scope.faults.line(earlier[key])}")
        earlier.setdefault(key, element)
        wanted = _Reader(element, form, holder, scope).property(arguments)
        if wanted.fit or values.boolean(element.get("output"), True):
            found.append(wanted)
    forces = structure.find(FORCES)
    if FORCES in forms and forces is not None and structure.find(f"properties/{FORCES}") is None:
        # Target forces in the structure itself are compared, though not fitted.
        found.append(_Reader(forces, forms[FORCES], holder, scope).property({}))
    return tuple(found)


def style_of(element: etree._Element, target: tuple[float, ...], scope: Scope) -> str:
    """Return the residual style of a property; report an invalid style, warn of a tolerance without effect."""
    style = values.line_of_text(element.get("residual-style"), "squared")
    if style == "squared-relative":
        if element.tag == FORCES:
            scope.faults.add(element, f"residual-style of <{FORCES}>", style, "squared, absolute-diff")
        elif 0.0 in target:
            scope.faults.add(element, f"squared-relative residual of <{element.tag}> with a target of 0")
    if style != "squared" and "tolerance" in element.attrib:
        scope.faults.warn(
            element, f"tolerance of <{element.tag}> has no effect on residuals of style {style}"
        )
    return style


def check_target(element: etree._Element, fit: bool, target: tuple[float, ...], scope: Scope) -> None:
    """Report a fitted property without a target."""
    if fit and not target and "target" not in element.attrib:
        scope.faults.add(element, f"<{element.tag}> is fitted without a target", allowed='target="..."')


class _Reader:
    """Reads one property."""

    def __init__(self, element: etree._Element, form: PropertyForm, holder: Holder, scope: Scope) -> None:
        self._element = element
        self._form = form
        self._holder = holder
        self._scope = scope
        self._faults = scope.faults

    def property(self, arguments: Mapping[str, str]) -> WantedProperty:
        element, form, scope = self._element, self._form, self._scope
        fit = values.boolean(element.get("fit"), False)
        target = self._target()
        self._check(fit, target)
        tolerance = values.number(element.get("tolerance"), scope.tolerances.default(form.unit))
        low, high = bounds(element)
        return WantedProperty(
            name=form.name,
            fit=fit and self._holder.in_fit,
            target=tuple(value * form.size for value in target),
            relative_weight=values.number(element.get("relative-weight"), 1.0),
            tolerance=tolerance * form.size,
            style=style_of(element, target, scope),
            relaxed=values.boolean(element.get("relax"), True),
            all_components=values.boolean(element.get("output-all"), False),
            arguments=arguments,
            line=values.line_of(element),
            minimum=low,
            maximum=high,
        )

    def _target(self) -> tuple[float, ...]:
        """Return the target's components, empty if missing or invalid."""
        text = self._element.get("target")
        if self._form.name == FORCES and self._holder.forces:
            if text is not None:
                self._faults.add(self._element, "targets of forces are given twice", "target")
            return self._holder.forces
        found = tuple(values.number(word) for word in (text or "").split())
        if all(math.isfinite(value) for value in found):
            return found
        if self._form.vector:  # for a scalar the schema has reported it
            what = f"bad value of target in <{self._element.tag}>"
            self._faults.add(self._element, what, quoted(text), "finite numbers, blanks between them")
        return ()

    def _check(self, fit: bool, target: tuple[float, ...]) -> None:
        element, form = self._element, self._form
        if lack := lacking(form, self._holder.structure):
            self._faults.add(element, f"structure has no <{form.name}>", allowed=lack)
            return
        check_target(element, fit, target, self._scope)
        if not form.mirrors:
            for name in ("min", "max"):
                if name in element.attrib:
                    what = f"{name} of <{form.name}> has no effect: it is not relaxed"
                    self._faults.add(element, what)
        elif fit and not values.boolean(element.get("relax"), True):
            self._faults.warn(element, f"fitted <{form.name}> before the relaxation never changes")
