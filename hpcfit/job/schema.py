"""The grammar of the job file: the shipped RELAX NG schema, and a definition for each known potential and function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources

from lxml import etree

from hpcfit.job.exports import EXPORT_FORMS
from hpcfit.job.lammps_tables import READERS
from hpcfit.job.param_file import FORMS_WITH_FILES
from hpcfit.job.tags import SPECIES_ATTRIBUTES
from hpcfit.records import FunctionForm, PotentialForm, RoleForm

RELAX_NG = "http://relaxng.org/ns/structure/1.0"

#: Annotation of a datatype in the schema: what a fault prints as allowed.
SAYS = "{urn:hpcfit:schema}says"

#: A pair potential made of functions: the form that it is short for, and the one role that its functions play.
PAIR_POTENTIAL, PAIR_FORM, PAIR_ROLE = "pair-potential", "eam", "pair-interaction"


def grammar(forms: Sequence[PotentialForm], functions: Sequence[FunctionForm] = ()) -> etree._Element:
    """Return the RELAX NG grammar of a job whose potentials are `forms`, built from `functions` if they have roles."""
    text = resources.files("hpcfit.job").joinpath("job.rng").read_bytes()
    root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
    for form in forms:
        potential = _built_potential(form) if form.roles else _potential(form)
        root.append(_node("define", potential, name="potential", combine="choice"))
        if form.name == PAIR_FORM and form.roles:
            root.append(_node("define", _pair_potential(form), name="potential", combine="choice"))
    for function in functions:
        root.append(_node("define", _function(function), name="function", combine="choice"))
    return root


def _potential(form: PotentialForm) -> etree._Element:
    blocks = [_any_of([row.name for row in form.parameters], "parameter")]
    fittable = [row.name for row in form.parameters if row.fittable]
    if fittable:
        blocks.append(_optional(_node("element", _any_of(fittable, "degree-of-freedom"), name="fit-dof")))
    if form.name in FORMS_WITH_FILES:
        blocks.append(_optional(_node("element", _ref("line-of-text"), name="param-file")))
    blocks += _export(form)
    return _node("element", _ref("potential-attributes"), _node("interleave", *blocks), name=form.name)


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
