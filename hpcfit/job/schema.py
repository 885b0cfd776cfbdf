"""The grammar of the job file: the shipped RELAX NG schema, and a definition for each known potential."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources

from lxml import etree

from hpcfit.job.param_file import FORMS_WITH_FILES
from hpcfit.records import ParameterForm, PotentialForm

RELAX_NG = "http://relaxng.org/ns/structure/1.0"

#: Annotation of a datatype in the schema: what a fault prints as allowed.
SAYS = "{urn:hpcfit:schema}says"


def grammar(forms: Sequence[PotentialForm]) -> etree._Element:
    """Return the RELAX NG grammar of a job whose potentials are `forms`."""
    text = resources.files("hpcfit.job").joinpath("job.rng").read_bytes()
    root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
    for form in (form for form in forms if form.parameters):
        root.append(_node("define", _potential(form), name="potential", combine="choice"))
    return root


def _potential(form: PotentialForm) -> etree._Element:
    blocks = [_any_of(form.parameters, "parameter")]
    fittable = [row for row in form.parameters if row.fittable]
    if fittable:
        degrees = _any_of(fittable, "degree-of-freedom")
        blocks.append(_node("optional", _node("element", degrees, name="fit-dof")))
    if form.name in FORMS_WITH_FILES:
        blocks.append(
            _node("optional", _node("element", _node("ref", name="line-of-text"), name="param-file"))
        )
    attributes = _node("ref", name="potential-attributes")
    return _node("element", attributes, _node("interleave", *blocks), name=form.name)


def _any_of(rows: Iterable[ParameterForm], definition: str) -> etree._Element:
    elements = [_node("element", _node("ref", name=definition), name=row.name) for row in rows]
    return _node("zeroOrMore", _node("choice", *elements))


def _node(pattern: str, /, *children: etree._Element, **attributes: str) -> etree._Element:
    node = etree.Element(f"{{{RELAX_NG}}}{pattern}", attributes)
    node.extend(children)
    return node
