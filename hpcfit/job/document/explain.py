"""Reports every violation of the schema: a walk over document and grammar in parallel.

libxml2 says whether a document is valid, but stops at the first fault and words it poorly. The walk knows the
patterns that `job.rng` uses (element, anyName, attribute, ref, optional, zeroOrMore, oneOrMore, choice,
interleave, group, data, value, text, empty, notAllowed). libxml2 alone decides whether a text fits its datatype.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document.schema import RELAX_NG, SAYS
from hpcfit.job.document.values import Faults, line_of_text, quoted

_LEAVES = ("data", "value", "text")

#: libxml2 tries each optional attribute with and without it: its time doubles with every further one.
_CROWD = 8

#: Key of a pattern that accepts any element name.
_ANY = "any element"


def check(root: etree._Element, grammar: etree._Element, faults: Faults) -> None:
    """Note every fault of the document `root` against `grammar`.

    Parameters
    ----------
    root
        Root element of the job.
    grammar
        RELAX NG grammar whose start is one element.
    faults
        Collects the faults.
    """
    schema = etree.RelaxNG(grammar)
    crowded = any(len(element.attrib) > _CROWD for element in root.iter(etree.Element))
    if not crowded and schema.validate(root):
        return
    _Walk(grammar, faults).document(root)
    if not (crowded or faults):
        for error in schema.error_log:
            faults.add(error.line, "not valid by the job's schema", line_of_text(error.message))


@dataclass
class _Slot:
    """A place for one of several elements, given as patterns by name."""

    patterns: dict[str, etree._Element]
    required: bool
    many: bool


@dataclass
class _Content:
    """The allowed content of an element: attributes (pattern, required), places for elements, pattern of its text."""

    attributes: dict[str, tuple[etree._Element, bool]] = field(default_factory=dict)
    slots: list[_Slot] = field(default_factory=list)
    text: etree._Element | None = None


class _Walk:
    def __init__(self, grammar: etree._Element, faults: Faults) -> None:
        self._grammar = grammar
        self._faults = faults
        self._probes: dict[etree._Element, etree.RelaxNG] = {}

    def document(self, root: etree._Element) -> None:
        """Note the faults of a whole document."""
        start = self._content(next(self._grammar.iterchildren(f"{{{RELAX_NG}}}start")))
        patterns = start.slots[0].patterns
        if root.tag in patterns:
            self._element(root, patterns[root.tag])
        else:
            self._faults.add(root, "not a job", _shown(root), _tags(patterns))

    def _element(self, element: etree._Element, pattern: etree._Element) -> None:
        content = self._content(pattern)
        self._attributes(element, content)
        self._text(element, content)
        unknown = self._children(element, content)
        self._counts(element, content, unknown)

    def _attributes(self, element: etree._Element, content: _Content) -> None:
        known = content.attributes
        alike = set()
        for name, value in _texts(element).items():
            if name in known:
                self._leaf(element, f"bad value of {name} in {_shown(element)}", value, known[name][0])
                continue
            alike.add(nearest(name, known))
            self._faults.add(
                element,
                f"unknown attribute in {_shown(element)}",
                name,
                ", ".join(sorted(known)) or "none",
                nearest(name, known),
            )
        for name, (_, required) in known.items():
            # A misspelt attribute is one fault, not an unknown and a missing one.
            if required and name not in element.attrib and name not in alike:
                self._faults.add(element, f"missing attribute in {_shown(element)}", allowed=name)

    def _text(self, element: etree._Element, content: _Content) -> None:
        text = (element.text or "") + "".join(child.tail or "" for child in element)
        if content.text is not None:
            self._leaf(element, f"bad value of {_shown(element)}", text, content.text)
        elif text.strip():
            self._faults.add(element, f"text not allowed in {_shown(element)}", quoted(text))

    def _children(self, element: etree._Element, content: _Content) -> list[str]:
        """Walk into the known children and return the names of the unknown ones."""
        patterns = {name: pattern for slot in content.slots for name, pattern in slot.patterns.items()}
        unknown = []
        for child in element:
            if (pattern := patterns.get(str(child.tag), patterns.get(_ANY))) is not None:
                self._element(child, pattern)
                continue
            unknown.append(etree.QName(child).localname)
            alike = nearest(unknown[-1], patterns)
            self._faults.add(
                child,
                f"element not allowed in {_shown(element)}",
                _shown(child),
                _tags(patterns) or "none",
                alike and f"<{alike}>",
            )
        return unknown

    def _counts(self, element: etree._Element, content: _Content, unknown: list[str]) -> None:
        for slot in content.slots:
            present = [child for child in element if child.tag in slot.patterns]
            one = len(slot.patterns) == 1
            for child in present[1:] if not slot.many else []:
                allowed = f"one {_tags(slot.patterns)}" if one else f"one of {_tags(slot.patterns)}"
                self._faults.add(
                    child, f"one element too many in {_shown(element)}", f"another {_shown(child)}", allowed
                )
            # An unknown element that probably is the missing one, misspelt, has been reported already.
            stands_in = unknown if len(content.slots) == 1 else _alike(unknown, content, slot)
            if slot.required and not present and not stands_in:
                self._faults.add(
                    element, f"missing element in {_shown(element)}", allowed=_tags(slot.patterns)
                )

    def _leaf(self, element: etree._Element, what: str, text: str, pattern: etree._Element) -> None:
        if not self._accepts(pattern, text):
            values = [value.text or "" for value in self._leaves(pattern) if _kind(value) == "value"]
            allowed = ", ".join(values) or self._says(pattern)
            self._faults.add(element, what, quoted(text), allowed, nearest(text.strip(), values))

    def _accepts(self, pattern: etree._Element, text: str) -> bool:
        """Ask libxml2 whether `text` fits a pattern without elements and attributes."""
        if pattern not in self._probes:
            self._probes[pattern] = self._probe(pattern)
        holder = etree.Element("text")
        holder.text = text
        return bool(self._probes[pattern].validate(holder))

    def _probe(self, pattern: etree._Element) -> etree.RelaxNG:
        grammar = copy.deepcopy(self._grammar)
        start = next(grammar.iterchildren(f"{{{RELAX_NG}}}start"))
        start.clear()
        holder = etree.SubElement(start, f"{{{RELAX_NG}}}element", name="text")
        holder.extend(
            copy.deepcopy(part) for part in (pattern if _kind(pattern) == "attribute" else [pattern])
        )
        return etree.RelaxNG(grammar)

    def _leaves(self, pattern: etree._Element) -> Iterator[etree._Element]:
        for node in pattern.iter(etree.Element):
            if _kind(node) == "ref":
                for definition in self._definitions(node):
                    yield from self._leaves(definition)
            elif _kind(node) in _LEAVES:
                yield node

    def _says(self, pattern: etree._Element) -> str:
        leaf = next(self._leaves(pattern))
        return next(node.get(SAYS, "") for node in leaf.iterancestors() if _kind(node) == "define")

    def _definitions(self, ref: etree._Element) -> list[etree._Element]:
        return [node for node in self._grammar if node.get("name") == ref.get("name")]

    def _content(self, pattern: etree._Element) -> _Content:
        content = _Content()
        for node in pattern:
            self._gather(node, True, False, content)
        return content

    def _gather(self, node: etree._Element, required: bool, many: bool, content: _Content) -> None:
        kind = _kind(node)
        if kind == "attribute":
            content.attributes[str(node.get("name"))] = (node, required)
        elif kind == "element":
            content.slots.append(_Slot({str(node.get("name", _ANY)): node}, required, many))
        elif kind in _LEAVES:
            content.text = node
        elif kind == "choice" or (kind == "ref" and len(self._definitions(node)) > 1):
            self._gather_choice(node, required, many, content)
        elif kind != "anyName":
            required = required and kind not in ("optional", "zeroOrMore")
            many = many or kind in ("zeroOrMore", "oneOrMore")
            for definition in self._definitions(node) if kind == "ref" else [node]:
                for part in definition:
                    self._gather(part, required, many, content)

    def _gather_choice(self, node: etree._Element, required: bool, many: bool, content: _Content) -> None:
        """Merge alternative elements into one slot, and alternative values into one text pattern."""
        alternatives = _Content()
        for branch in self._definitions(node) if _kind(node) == "ref" else [node]:
            for part in branch:
                self._gather(part, required, many, alternatives)
        if alternatives.text is not None:
            content.text = node
        else:
            patterns = {
                name: pattern for slot in alternatives.slots for name, pattern in slot.patterns.items()
            }
            content.slots.append(_Slot(patterns, required, many))


def _texts(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def _kind(node: etree._Element) -> str:
    return etree.QName(node).localname


def _alike(unknown: list[str], content: _Content, slot: _Slot) -> bool:
    names = [name for other in content.slots for name in other.patterns]
    return any(nearest(name, names) in slot.patterns for name in unknown)


def _shown(element: etree._Element) -> str:
    name = etree.QName(element)
    if name.namespace is None:
        return f"<{name.localname}>"
    return (
        f"<{element.prefix}:{name.localname}>"
        if element.prefix
        else f"<{name.localname}> of {name.namespace}"
    )


def _tags(patterns: dict[str, etree._Element]) -> str:
    return ", ".join(f"<{name}>" for name in sorted(patterns))
