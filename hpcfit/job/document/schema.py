"""The grammar of the job file: the shipped RELAX NG schema, and a definition for each known potential and function."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from importlib import resources

from lxml import etree

from hpcfit.job.document.tags import SPECIES_ATTRIBUTES
from hpcfit.records import (
    Catalogue,
    FunctionForm,
    LatticeForm,
    MinimiserForm,
    PotentialForm,
    PropertyForm,
    RoleForm,
    StructureCatalogue,
)

RELAX_NG = "http://relaxng.org/ns/structure/1.0"

#: Annotation of a datatype in the schema: the allowed values as a fault prints them.
SAYS = "{urn:hpcfit:schema}says"

#: The pair potential made of functions is a shorthand: its form, and the one role of its functions.
PAIR_POTENTIAL, PAIR_FORM, PAIR_ROLE = "pair-potential", "eam", "pair-interaction"


def grammar(catalogue: Catalogue) -> etree._Element:
    """Return the RELAX NG grammar of jobs that use `catalogue`."""
    text = resources.files("hpcfit.job.document").joinpath("job.rng").read_bytes()
    root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
    for minimiser in catalogue.minimisers:
        root.append(_node("define", _minimiser(minimiser), name=minimiser.name))
        root.append(_node("define", _ref(minimiser.name), name="minimiser", combine="choice"))
    root.append(_node("define", _one_of(["squares", *(loss.name for loss in catalogue.losses)]), name="loss"))
    for form in catalogue.potentials:
        potential = _built_potential(form) if form.takes_functions else _potential(form)
        root.append(_node("define", potential, name="potential", combine="choice"))
        if form.name == PAIR_FORM and form.roles:
            root.append(_node("define", _pair_potential(form), name="potential", combine="choice"))
    for function in catalogue.functions.forms:
        root.append(_node("define", _function(function), name="function", combine="choice"))
    for definition, pattern in _of_structures(catalogue.structures) if catalogue.structures else ():
        root.append(_node("define", pattern, name=definition, combine="choice"))
    return root


def _of_structures(catalogue: StructureCatalogue) -> Iterator[tuple[str, etree._Element]]:
    """Yield definitions of the job's own structures and their properties: names and patterns."""
    yield "own-structure", _ref("user-structure")
    yield "own-structure", _ref("derived-property")
    for lattice in catalogue.lattices:
        yield "own-structure", _lattice(lattice)
    for form in catalogue.properties:
        yield "structure-property", _property(form)


def _lattice(form: LatticeForm) -> etree._Element:
    types = [_node("element", _ref("symbol"), name=name) for name in form.types]
    places = {"positive": form.degrees, "number": form.internal}
    numbers = [
        element if math.isnan(default) else _optional(element)
        for datatype, defaults in places.items()
        for name, default in defaults.items()
        for element in [_node("element", _ref(datatype), name=name)]
    ]
    blocks = _node("interleave", *types, *numbers, _ref("structure-blocks"))
    return _node("element", _ref("structure-attributes"), blocks, name=form.element)


def _property(form: PropertyForm) -> etree._Element:
    own = [_optional(_node("attribute", _node("text"), name=name)) for name in form.arguments]
    return _node(
        "element", _ref("vector-property" if form.vector else "scalar-property"), *own, name=form.name
    )


def _minimiser(form: MinimiserForm) -> etree._Element:
    attributes = [
        _optional(
            _node(
                "attribute",
                _ref(option.allowed)
                if isinstance(option.allowed, str)
                else _one_of(map(str, option.allowed)),
                name=option.name,
            )
        )
        for option in form.options
    ]
    if form.selector:
        names = _one_of(method.name for method in form.methods)
        attributes.append(_node("attribute", names, name=form.selector))
    if form.wraps:
        attributes.append(_ref("minimiser"))
    elif form.inside:
        attributes.append(_optional(_node("choice", *map(_ref, form.inside))))
    return _node("element", *attributes, name=form.name)


def _one_of(texts: Iterable[str]) -> etree._Element:
    choice = _node("choice")
    for text in texts:
        value = _node("value")
        value.text = text
        choice.append(value)
    return choice


def _potential(form: PotentialForm) -> etree._Element:
    attributes = [_node("attribute", _ref("count"), name=size.name) for size in form.sizes]
    form = form.shaped(tuple(size.upper for size in form.sizes))
    blocks = [_any_of([row.name for row in form.parameters], "parameter")]
    fittable = [row.name for row in form.parameters if row.fittable]
    if fittable:
        entries = _any_of(fittable, "degree-of-freedom")
        choice = entries[0]
        choice.extend(
            _node("element", _ref("no-degree-of-freedom"), name=name) for name in form.record.never_fitted
        )
        blocks.append(_optional(_node("element", entries, name="fit-dof")))
    if form.record.file:
        blocks.append(_optional(_node("element", _ref("column-file"), name="param-file")))
    blocks += _export(form)
    attributes += [_optional(_node("attribute", _ref("boolean"), name=name)) for name in form.record.modes]
    if form.record.pair_formula:
        attributes.append(_ref("ending"))
    return _node(
        "element", _ref("potential-attributes"), *attributes, _node("interleave", *blocks), name=form.name
    )


def _built_potential(form: PotentialForm) -> etree._Element:
    functions = _node("element", _node("oneOrMore", _ref("function")), name="functions")
    parts = [_optional(_mapping(form.roles)), _optional(functions)]
    if form.record.function_file:
        parts.append(_node("zeroOrMore", _node("element", _ref("function-file"), name="param-file")))
    blocks = _node("interleave", *parts, *_export(form))
    return _node("element", _ref("potential-attributes"), blocks, name=form.name)


def _export(form: PotentialForm) -> list[etree._Element]:
    known = form.record.export_element
    if known is None:
        return []
    content = _ref("table-file" if form.roles else "line-of-text")
    return [_optional(_node("element", content, name=known.element))]


def _pair_potential(form: PotentialForm) -> etree._Element:
    mapping = _optional(_mapping([role for role in form.roles if role.name == PAIR_ROLE]))
    blocks = _node("interleave", mapping, _node("oneOrMore", _ref("function")))
    return _node("element", _ref("potential-attributes"), blocks, name=PAIR_POTENTIAL)


def _mapping(roles: Iterable[RoleForm]) -> etree._Element:
    elements = [_role(role) for role in roles]
    return _node("element", _node("zeroOrMore", _node("choice", *elements)), name="mapping")


def _role(role: RoleForm) -> etree._Element:
    attributes = [
        _optional(_node("attribute", _ref("species-or-all"), name=name))
        for name in SPECIES_ATTRIBUTES[role.kind]
    ]
    function = _node("attribute", _ref("identifier"), name="function")
    return _node("element", *attributes, function, name=role.name)


def _function(form: FunctionForm) -> etree._Element:
    given = [_node("element", _ref("number"), name=name) for name in form.parameters]
    blocks = [_optional(element) if element.get("name") in form.defaults else element for element in given]
    if form.parameters:
        blocks.append(_optional(_node("element", _any_of(form.parameters, "freedom"), name="fit-dof")))
    blocks.append(_ref("cutoff-and-screening"))
    identifier = _node("attribute", _ref("identifier"), name="id")
    return _node("element", identifier, _ref("ending"), _node("interleave", *blocks), name=form.name)


def _any_of(names: Iterable[str], definition: str) -> etree._Element:
    elements = [_node("element", _ref(definition), name=name) for name in names]
    return _node("zeroOrMore", _node("choice", *elements))


def _optional(pattern: etree._Element) -> etree._Element:
    return _node("optional", pattern)


def _ref(name: str) -> etree._Element:
    return _node("ref", name=name)


def _node(pattern: str, /, *children: etree._Element, **attributes: str) -> etree._Element:
    node = etree.Element(f"{{{RELAX_NG}}}{pattern}", attributes)
    node.extend(children)
    return node
