"""From the bytes of a job file to its XML tree: UTF-8, well-formed, no document type, right lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from lxml import etree

from hpcfit.job.document.values import Faults, line_of_text

#: libxml2 keeps line numbers in 16 bits; larger ones are found differently.
_LARGEST_LINE = 65535

#: Names of the include element, in the standard and in its first draft.
_INCLUDE = {f"http://www.w3.org/{year}/XInclude include" for year in (2001, 2003)}


@dataclass(frozen=True)
class Include:
    """An ``<xi:include>``: its bytes in the file, its first line, and its attributes."""

    start: int
    end: int
    line: int
    attributes: Mapping[str, str]
    empty: bool  #: whether it has no children


@dataclass
class Scan:
    """The result of the first pass over a file.

    Parameters
    ----------
    lines
        The line on which each start tag begins; libxml2 knows only the line on which it ends.
    includes
        Those that are not nested, in the order of the file.
    """

    lines: list[int] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)


def parse(content: bytes, faults: Faults) -> etree._Element:
    """Return the root element of a job, without comments and processing instructions.

    Parameters
    ----------
    content
        The job's bytes.
    faults
        Collects the faults.

    Raises
    ------
    InputError
        As `scan` does.
    """
    lines = scan(content, faults).lines
    root = _tree(content, faults)
    elements: Iterator[Any] = root.iter()
    for element, line in zip(elements, lines, strict=True):
        if line <= _LARGEST_LINE:
            element.sourceline = line
    return root


def scan(content: bytes, faults: Faults) -> Scan:
    """Run the first pass over a file.

    Parameters
    ----------
    content
        The file's bytes.
    faults
        Collects the faults.

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
    scanner = _Scanner(content)
    try:
        scanner.parser.Parse(content, True)
    except _DocumentTypeError:
        line = scanner.parser.CurrentLineNumber
        faults.add(line, "document type and entities are not allowed", "<!DOCTYPE")
    except expat.ExpatError as error:
        # libxml2's message is better; Expat's is used where only Expat finds an error.
        _tree(content, faults)
        faults.add(error.lineno, "not well-formed XML", expat.ErrorString(error.code))
    faults.raise_if_any()
    return scanner.found


class _DocumentTypeError(Exception):
    """Ends the first pass before the document type is read."""


class _Scanner:
    """The handlers of the first pass."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.found = Scan()
        self._names: list[str] = []
        self._open = (0, 0, {"": ""}, 0)  # of the current include: start, line, attributes, depth
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.found.lines.append(self.parser.CurrentLineNumber)
        if name in _INCLUDE and not _INCLUDE.intersection(self._names):
            line = self.parser.CurrentLineNumber
            self._open = (self.parser.CurrentByteIndex, line, attributes, len(self.found.lines))
        self._names.append(name)

    def _end(self, name: str) -> None:
        self._names.pop()
        if name not in _INCLUDE or _INCLUDE.intersection(self._names):
            return
        start, line, attributes, n_started = self._open
        # Expat's position is behind an empty tag, but before an end tag.
        end = self.parser.CurrentByteIndex
        tag = self._content[start + 1 : end].split(maxsplit=1)[0].split(b"/")[0].split(b">")[0]
        if self._content.startswith(b"</" + tag, end):
            end = self._content.index(b">", end) + 1
        empty = len(self.found.lines) == n_started
        self.found.includes.append(Include(start, end, line, attributes, empty))

    def _doctype(self, *_declaration: Any) -> None:
        raise _DocumentTypeError


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
