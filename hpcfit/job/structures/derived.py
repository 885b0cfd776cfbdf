"""Derived properties: a ``<derived-property>`` is an expression in terms of ``{structure.property}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.braces import named_terms
from hpcfit.job.document.values import quoted
from hpcfit.job.structures.composition import SURFACE_ENERGY, check_composition
from hpcfit.job.structures.properties import check_target, lacking, style_of
from hpcfit.job.structures.scope import Scope
from hpcfit.records import DatasetSource, DerivedProperty, DerivedTerm, Group, Structure, WantedProperty

DERIVED = "derived-property"


def read_derived(element: etree._Element, scope: Scope) -> DerivedProperty:
    """Return a derived property; `join_derived` checks that its structures exist."""
    unit = values.line_of_text(element.get("unit"))
    formula, named = named_terms(values.line_of_text(element.findtext("expression")))
    expression = element.find("expression")
    if formula and expression is not None:
        try:
            scope.check_formula(formula, list(named))
        except ValueError as error:
            scope.faults.add(expression, str(error))
        if not named:
            scope.faults.add(expression, "<expression> without a property", allowed="{structure.property}")
    identifier = values.line_of_text(element.get("id"))
    fit = values.boolean(element.get("fit"), False)
    return derived_from(element, identifier, formula, named, unit, fit, scope)


def derived_from(
    element: etree._Element,
    identifier: str,
    formula: str,
    named: Mapping[str, str],
    unit: str,
    fit: bool,
    scope: Scope,
) -> DerivedProperty:
    """Return the derived property with the target, tolerance, style and weight of an element.

    Parameters
    ----------
    element, identifier
        The element, and the id of the property.
    formula, named
        From `named_terms`.
    unit
        As printed.
    fit
        Whether it is fitted.
    scope
        The job's context.
    """
    target = (values.number(element.get("target")),) if "target" in element.attrib else ()
    check_target(element, fit, target, scope)
    wanted = WantedProperty(
        name=DERIVED,
        fit=fit,
        target=target,
        relative_weight=1.0,
        tolerance=values.number(element.get("tolerance"), scope.tolerances.default(unit)),
        style=style_of(element, target, scope),
        line=values.line_of(element),
    )
    weight = values.number(element.get("relative-weight"), 1.0)
    terms = tuple(DerivedTerm(name, *_halves(path)) for name, path in named.items())
    return DerivedProperty(identifier, values.line_of(element), weight, formula, terms, unit, wanted)


def _halves(path: str) -> tuple[str, str]:
    structure, dot, name = path.rpartition(".")  # ids may have dots, properties have none
    return (structure.strip(), name.strip()) if dot else (path.strip(), "")


def join_derived(group: Group, elements: Mapping[str, etree._Element], scope: Scope) -> Group:
    """Return the job's tree in which every structure lists the properties that derived ones need.

    Parameters
    ----------
    group
        The tree.
    elements
        The elements of the derived properties, by id.
    scope
        The job's context; collects faults of terms.
    """
    structures = {leaf.id: leaf for leaf in _leaves(group) if isinstance(leaf, Structure)}
    needed: dict[str, list[str]] = {}
    for leaf in _leaves(group):
        if isinstance(leaf, DerivedProperty):
            for term in leaf.terms:
                if _check_term(term, elements[leaf.id], structures, scope):
                    needed.setdefault(term.structure, []).append(term.property)
            if elements[leaf.id].tag == SURFACE_ENERGY:
                check_composition(leaf, elements[leaf.id], structures, scope)
    return _with_listed(group, needed, scope)


def _leaves(group: Group) -> list[DatasetSource | Structure | DerivedProperty]:
    return [
        leaf for child in group.children for leaf in (_leaves(child) if isinstance(child, Group) else [child])
    ]


def _check_term(
    term: DerivedTerm, element: etree._Element, structures: Mapping[str, Structure], scope: Scope
) -> bool:
    """Return whether a structure has the scalar that a term names; report a fault otherwise."""
    expression = element.find("expression")
    where = element if expression is None else expression
    add = scope.faults.add
    if not term.structure or not term.property:
        add(where, "term must be structure.property", f"{{{term.structure}}}", "{structure.property}")
        return False
    structure = structures.get(term.structure)
    if structure is None:
        what = f"unknown structure in <{where.tag}>"
        add(
            where,
            what,
            quoted(term.structure),
            ", ".join(structures) or "none",
            nearest(term.structure, structures),
        )
        return False
    scalars = [form for form in scope.catalogue.properties if not form.vector] if scope.catalogue else []
    names = [form.name for form in scalars]
    if term.property not in names:
        what = "unknown scalar property in <expression>"
        add(where, what, quoted(term.property), nearest=nearest(term.property, names))
        return False
    form = scalars[names.index(term.property)]
    if lack := lacking(form, structure):
        add(where, f"structure '{structure.id}' has no <{form.name}>", allowed=lack)
    return not lack


def _with_listed(group: Group, needed: Mapping[str, list[str]], scope: Scope) -> Group:
    children = tuple(
        _with_listed(child, needed, scope)
        if isinstance(child, Group)
        else _listing(child, needed.get(child.id, []), scope)
        if isinstance(child, Structure)
        else child
        for child in group.children
    )
    return replace(group, children=children)


def _listing(structure: Structure, names: list[str], scope: Scope) -> Structure:
    """Return a structure that lists the given properties; added ones are not fitted."""
    forms = {form.name: form for form in scope.catalogue.properties} if scope.catalogue else {}
    present = {wanted.name for wanted in structure.properties}
    added = tuple(
        WantedProperty(
            name=name,
            fit=False,
            target=(),
            relative_weight=1.0,
            tolerance=scope.tolerances.default(forms[name].unit) * forms[name].size,
            style="squared",
            line=structure.line,
        )
        for name in dict.fromkeys(names)
        if name not in present
    )
    return replace(structure, properties=(*structure.properties, *added))
