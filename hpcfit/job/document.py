"""From the bytes of a job file to its XML tree: UTF-8, well-formed, no document type, right lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from lxml import etree

from hpcfit.job.values import Faults, line_of_text

#: libxml2 keeps line numbers in 16 bits and finds larger ones by other means.
_LARGEST_LINE = 65535


def parse(content: bytes, faults: Faults) -> etree._Element:
    """Return the root element of a job file, without comments and processing instructions.

    Parameters
    ----------
    content
        The file's bytes.
    faults
        Collects what is wrong.

    Raises
    ------
    InputError
        The file is not UTF-8, declares a document type (entities expand to any size), or is not well-formed.
    """
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(line, "not UTF-8 text", f"byte 0x{content[error.start]:02x}")
        faults.raise_if_any()
    lines = _first_pass(content, faults)
    faults.raise_if_any()
    root = _tree(content, faults)
    elements: Iterator[Any] = root.iter()
    for element, line in zip(elements, lines, strict=True):
        if line <= _LARGEST_LINE:
            element.sourceline = line
    return root


class _DocumentTypeError(Exception):
    """Ends the first pass before anything of the document type is read."""


def _first_pass(content: bytes, faults: Faults) -> list[int]:
    """Return the line on which each start tag begins, where libxml2 knows only the line on which it ends."""
    parser = expat.ParserCreate("utf-8")
    lines: list[int] = []

    def start_element(_name: str, _attributes: Any) -> None:
        lines.append(parser.CurrentLineNumber)

    def start_doctype(*_declaration: Any) -> None:
        raise _DocumentTypeError

    parser.StartElementHandler = start_element
    parser.StartDoctypeDeclHandler = start_doctype
    try:
        parser.Parse(content, True)
    except _DocumentTypeError:
        faults.add(parser.CurrentLineNumber, "document type not allowed, nor entities", "<!DOCTYPE")
    except expat.ExpatError as error:
        # libxml2 has the better message; Expat's is for what only Expat refuses.
        _tree(content, faults)
        faults.add(error.lineno, "not well-formed XML", expat.ErrorString(error.code))
    return lines


def _tree(content: bytes, faults: Faults) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        error = parser.error_log[0]
        faults.add(error.line, "not well-formed XML", line_of_text(error.message))
        faults.raise_if_any()
        raise
