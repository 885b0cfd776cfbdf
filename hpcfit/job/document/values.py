"""Typed values of the job's elements, and the collector of faults.

The schema checks every text first, so these functions do not report bad ones: a bad number becomes NaN, whose
comparisons are all false, and causes no second fault.
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
    """The faults of one job file, sorted by line when raised.

    Parameters
    ----------
    path
        The job file as the user gave it.
    origins
        The origins of the job's lines, if it includes files.
    """

    def __init__(self, path: str, origins: Sequence[Origin] = ()) -> None:
        self._path = path
        self.origins = origins
        self._found: list[tuple[int, Fault]] = []
        self.warnings: list[str] = []  #: possible mistakes

    def __bool__(self) -> bool:
        return bool(self._found)

    def any_in(self, element: etree._Element) -> bool:
        """Return whether an element or its content has a fault."""
        if not self._found:
            return False
        lines = {line_of(node) for node in element.iter(etree.Element)}
        return any(line in lines for line, _ in self._found)

    def add(
        self, where: etree._Element | int, what: str, found: str = "", allowed: str = "", nearest: str = ""
    ) -> None:
        """Add a fault at an element or a line; the texts are those of `Fault`."""
        line = where if isinstance(where, int) else line_of(where)
        self._found.append((line, Fault(self._place(line), what, found, allowed, nearest)))

    def add_of_file(self, where: etree._Element, fault: Fault) -> None:
        """Add a fault of a file that an element names."""
        self._found.append((line_of(where), fault))

    def warn(self, where: etree._Element, what: str) -> None:
        """Add a warning at an element."""
        self.warnings.append(str(Fault(self._place(line_of(where)), what)))

    def line(self, element: etree._Element) -> str:
        """Return the place of an element: its line, and its file if there are several."""
        file, _, line = self._place(line_of(element)).rpartition(":")
        return f"line {line} of {file}" if self.origins else f"line {line}"

    def _place(self, line: int) -> str:
        return place_of(line, self._path, self.origins)

    def raise_if_any(self) -> None:
        """Raise all faults found so far, sorted by line.

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
    """Return `text` in quotes for a fault, on one line and truncated if long."""
    flat = " ".join((text or "").split())
    return f'"{flat[:57]}..."' if len(flat) > 60 else f'"{flat}"'


def number(text: str | None, default: float = math.nan) -> float:
    """Return `text` as a number: `default` without text, NaN if it is not a number."""
    if text is None:
        return default
    # Python also takes digits of other scripts and underscores between digits.
    if "_" in text or not text.isascii():
        return math.nan
    try:
        return float(text)
    except ValueError:
        return math.nan


def whole(text: str | None, default: int) -> int:
    """Return `text` as an integer, `default` if it is not one."""
    value = number(text, default)
    return int(value) if math.isfinite(value) else default


def boolean(text: str | None, default: bool) -> bool:
    """Return whether `text` is "true" in any case, `default` without text."""
    return default if text is None else text.strip().lower() == "true"


def line_of_text(text: str | None, default: str = "") -> str:
    """Return `text` on one line, `default` if it is empty."""
    return " ".join((text or "").split()) or default


def symbols(text: str | None) -> list[str]:
    """Return the element symbols of a tag such as ``SiC``."""
    return re.findall("[A-Z][a-z]*", text or "")


def check_ids(elements: Iterable[etree._Element], faults: Faults) -> None:
    """Report every repeated id among `elements`, in document order."""
    earlier: dict[str, etree._Element] = {}
    for element in elements:
        name = line_of_text(element.get("id"))
        if name in earlier:
            faults.add(
                element, "id is not unique", f"{quoted(name)}, already in {faults.line(earlier[name])}"
            )
        elif name:
            earlier[name] = element
