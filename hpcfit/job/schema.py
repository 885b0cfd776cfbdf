"""The grammar of the job file: the shipped RELAX NG schema, and a definition for each known potential and function."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from lxml import etree

from hpcfit.job.combinations import CLASSIC_MODE
from hpcfit.job.exports import EXPORT_FORMS
from hpcfit.job.lammps_tables import READERS
from hpcfit.job.param_file import FORMS_WITH_FILES
from hpcfit.job.tags import SPECIES_ATTRIBUTES
from hpcfit.records import (
    NLOPT_METHODS,
    SCIPY_METHODS,
    SCIPY_OPTIONS,
    FunctionForm,
    LatticeForm,
    PotentialForm,
    PropertyForm,
    RoleForm,
    StructureCatalogue,
)

RELAX_NG = "http://relaxng.org/ns/structure/1.0"

#: Annotation of a datatype in the schema: what a fault prints as allowed.
SAYS = "{urn:hpcfit:schema}says"

#: Switches of potentials.
_MODES = {"abop": (CLASSIC_MODE,)}

#: Parameters that cannot be fitted, and that atomicrex's files list in ``<fit-dof>``, switched off.
_NEVER_FITTED = {"abop": ("bigr", "bigd")}

#: A pair potential made of functions: the form that it is short for, and the one role that its functions play.
PAIR_POTENTIAL, PAIR_FORM, PAIR_ROLE = "pair-potential", "eam", "pair-interaction"


def grammar(
    forms: Sequence[PotentialForm],
    functions: Sequence[FunctionForm] = (),
    structures: StructureCatalogue | None = None,
) -> etree._Element:
    """Return the RELAX NG grammar of a job.

    Parameters
    ----------
    forms
        The potentials.
    functions
        What potentials with roles are built from.
    structures
        What the job's own structures may be; None where it must not have any.
    """
    text = resources.files("hpcfit.job").joinpath("job.rng").read_bytes()
    root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
    root.append(_methods("scipy-attributes", "method", SCIPY_METHODS, SCIPY_OPTIONS))
    root.append(_methods("nlopt-attributes", "algorithm", NLOPT_METHODS, {}))
    for form in forms:
        potential = _built_potential(form) if form.roles else _potential(form)
        root.append(_node("define", potential, name="potential", combine="choice"))
        if form.name == PAIR_FORM and form.roles:
            root.append(_node("define", _pair_potential(form), name="potential", combine="choice"))
    for function in functions:
        root.append(_node("define", _function(function), name="function", combine="choice"))
    for definition, pattern in _of_structures(structures) if structures else ():
        root.append(_node("define", pattern, name=definition, combine="choice"))
    return root


def lattice_element(form: LatticeForm) -> str:
    """Return the name of the element that describes a structure of the library."""
    return form.name + ("-structure" if form.name == "dimer" else "-lattice")


def _of_structures(catalogue: StructureCatalogue) -> Iterator[tuple[str, etree._Element]]:
    """Yield what the job's own structures and their properties may be: names of definitions, and patterns."""
    yield "own-structure", _ref("user-structure")
    yield "own-structure", _ref("derived-property")
    for lattice in catalogue.lattices:
        yield "own-structure", _lattice(lattice)
    for form in catalogue.properties:
        yield "structure-property", _property(form)


def _lattice(form: LatticeForm) -> etree._Element:
    types = [_node("element", _ref("symbol"), name=name) for name in form.types]
    places = {"positive": form.freedoms, "number": form.internal}
    numbers = [
        element if math.isnan(default) else _optional(element)
        for datatype, defaults in places.items()
        for name, default in defaults.items()
        for element in [_node("element", _ref(datatype), name=name)]
    ]
    blocks = _node("interleave", *types, *numbers, _ref("structure-blocks"))
    return _node("element", _ref("structure-attributes"), blocks, name=lattice_element(form))


def _property(form: PropertyForm) -> etree._Element:
    own = [_optional(_node("attribute", _node("text"), name=name)) for name in form.arguments]
    return _node(
        "element", _ref("vector-property" if form.vector else "scalar-property"), *own, name=form.name
    )


def _methods(
    definition: str, attribute: str, methods: Iterable[str], options: Mapping[str, str | tuple[str, ...]]
) -> etree._Element:
    """Return a definition of the attribute that names a method, and of the options of all of them."""
    attributes = [_node("attribute", _one_of(methods), name=attribute)]
    for name, allowed in options.items():
        value = _ref(allowed) if isinstance(allowed, str) else _one_of(allowed)
        attributes.append(_optional(_node("attribute", value, name=name)))
    return _node("define", *attributes, name=definition)


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
            _node("element", _ref("no-degree-of-freedom"), name=name)
            for name in _NEVER_FITTED.get(form.name, ())
        )
        blocks.append(_optional(_node("element", entries, name="fit-dof")))
    if form.name in FORMS_WITH_FILES:
        blocks.append(_optional(_node("element", _ref("line-of-text"), name="param-file")))
    blocks += _export(form)
    attributes += [
        _optional(_node("attribute", _ref("boolean"), name=name)) for name in _MODES.get(form.name, ())
    ]
    return _node(
        "element", _ref("potential-attributes"), *attributes, _node("interleave", *blocks), name=form.name
    )


def _built_potential(form: PotentialForm) -> etree._Element:
    functions = _node("element", _node("oneOrMore", _ref("function")), name="functions")
    parts = [_optional(_mapping(form.roles)), _optional(functions)]
    if form.name in READERS:
        parts.append(_optional(_node("element", _ref("function-file"), name="param-file")))
    blocks = _node("interleave", *parts, *_export(form))
    return _node("element", _ref("potential-attributes"), blocks, name=form.name)


def _export(form: PotentialForm) -> list[etree._Element]:
    if form.name not in EXPORT_FORMS:
        return []
    known = EXPORT_FORMS[form.name]
    content = _ref("table-file" if known.has_tables else "line-of-text")
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
    return _node("element", identifier, _node("interleave", *blocks), name=form.name)


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
