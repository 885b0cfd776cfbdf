"""Typed values out of the job's elements, and the collector of faults.

The schema has judged every text before these functions read it, so that they stay silent on bad ones: a bad
number is read as NaN, whose comparisons are all false, and causes no second fault.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree

from hpcfit.errors import Fault, InputError
from hpcfit.records import Origin, place_of


class Faults:
    """The faults of one job file, put into the order of its lines at the end.

    Parameters
    ----------
    path
        The job file as the user gave it.
    origins
        Where the lines of the job's text come from, if it includes files.
    """

    def __init__(self, path: str, origins: Sequence[Origin] = ()) -> None:
        self._path = path
        self.origins = origins
        self._found: list[tuple[int, Fault]] = []
        self.warnings: list[str] = []  #: what looks like a mistake but may be meant

    def __bool__(self) -> bool:
        return bool(self._found)

    def any_in(self, element: etree._Element) -> bool:
        """Return whether there is a fault on the lines of an element and what is in it."""
        if not self._found:
            return False
        lines = {line_of(node) for node in element.iter(etree.Element)}
        return any(line in lines for line, _ in self._found)

    def add(
        self, where: etree._Element | int, what: str, found: str = "", allowed: str = "", nearest: str = ""
    ) -> None:
        """Note a fault at an element or a line; the texts are those of `Fault`."""
        line = where if isinstance(where, int) else line_of(where)
        self._found.append((line, Fault(self._place(line), what, found, allowed, nearest)))

    def add_of_file(self, where: etree._Element, fault: Fault) -> None:
        """Note a fault of a file that the job names at an element."""
        self._found.append((line_of(where), fault))

    def warn(self, where: etree._Element, what: str) -> None:
        """Note at an element what looks like a mistake but may be meant."""
        self.warnings.append(str(Fault(self._place(line_of(where)), what)))

    def line(self, element: etree._Element) -> str:
        """Return where another element stands: the line, and the file where there are several."""
        file, _, line = self._place(line_of(element)).rpartition(":")
        return f"line {line} of {file}" if self.origins else f"line {line}"

    def _place(self, line: int) -> str:
        return place_of(line, self._path, self.origins)

    def raise_if_any(self) -> None:
        """Raise all faults noted so far, in the order of their lines.

        Raises
        ------
        InputError
            There is at least one fault.
        """
        if self._found:
            raise InputError(fault for _, fault in sorted(self._found, key=lambda entry: entry[0]))


def line_of(element: etree._Element) -> int:
    """Return the line on which an element begins."""
    line: Any = element.sourceline
    return int(line)


def quoted(text: str | None) -> str:
    """Return `text` in quotes for a fault: on one line and, if long, only its beginning."""
    flat = " ".join((text or "").split())
    return f'"{flat[:57]}..."' if len(flat) > 60 else f'"{flat}"'


def number(text: str | None, default: float = math.nan) -> float:
    """Return the number written in `text`, `default` where there is no text, NaN where it is not a number."""
    if text is None:
        return default
    try:
        return float(text)
    except ValueError:
        return math.nan


def whole(text: str | None, default: int) -> int:
    """Return the whole number written in `text`, `default` where there is none."""
    value = number(text, default)
    return int(value) if math.isfinite(value) else default


def boolean(text: str | None, default: bool) -> bool:
    """Return whether `text` says true, in any case; `default` where there is no text."""
    return default if text is None else text.strip().lower() == "true"


def line_of_text(text: str | None, default: str = "") -> str:
    """Return `text` without surrounding white space and line breaks, `default` where there is nothing."""
    return " ".join((text or "").split()) or default


def symbols(text: str | None) -> list[str]:
    """Return the element symbols of a tag such as ``SiC``."""
    return re.findall("[A-Z][a-z]*", text or "")


def check_ids(elements: Iterable[etree._Element], faults: Faults) -> None:
    """Note every id that an earlier one of `elements`, in document order, has already."""
    earlier: dict[str, etree._Element] = {}
    for element in elements:
        name = line_of_text(element.get("id"))
        if name in earlier:
            faults.add(
                element, "id is not unique", f"{quoted(name)}, already in {faults.line(earlier[name])}"
            )
        elif name:
            earlier[name] = element
