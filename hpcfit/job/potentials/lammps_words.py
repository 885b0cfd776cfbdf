"""The text of LAMMPS's potential files: units, lines and words as LAMMPS reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from hpcfit.job.document import values
from hpcfit.records import FloatArray

#: Energies of a file in eV by LAMMPS's units; kcal/mol with LAMMPS's own factor.
ENERGY_UNITS = {"metal": 1.0, "real": 1.0 / 23.060549}

_UNITS = re.compile(r"\bUNITS:\s*(\S*)", re.IGNORECASE)


class BadFileError(Exception):
    """A fault in a file; line 0 is the whole file, `file` its number among several."""

    file = 0

    def __init__(self, line: int, what: str, found: str = "", allowed: str = "") -> None:
        super().__init__(what)
        self.line, self.what, self.found, self.allowed = line, what, found, allowed


def energy_unit(text: str, n_comments: int = 0, units: Sequence[str] = tuple(ENERGY_UNITS)) -> float:
    """Return the file's unit of energy in eV, from the ``UNITS:`` of its comments; 1 without one.

    LAMMPS reads it in the first line only, so other units in another line are a fault.

    Parameters
    ----------
    text
        The file.
    n_comments
        Lines at the beginning that are comments without ``#``.
    units
        Units that LAMMPS converts.

    Raises
    ------
    BadFileError
        For other units.
    """
    factor = 1.0
    for line, content in enumerate(text.splitlines(), start=1):
        comment = content if line <= max(n_comments, 1) else content.partition("#")[2]
        found = _UNITS.search(comment)
        if found is None:
            continue
        name = found[1]
        if line > 1 and name in ENERGY_UNITS and name != "metal":
            raise BadFileError(
                line, "UNITS: outside the first line", name, "in line 1, where LAMMPS reads it"
            )
        if line == 1 and name not in units:
            what = "units that LAMMPS does not convert to metal (eV, A)"
            raise BadFileError(line, what, values.quoted(name), " or ".join(units))
        factor = ENERGY_UNITS[name] if line == 1 else factor
    return factor


class Words:
    """The lines and words of a file after its first lines, read in sequence; ``#`` starts a comment.

    As in LAMMPS, a header or a table begins on a line of its own.
    """

    def __init__(self, lines: Sequence[str], skipped: int) -> None:
        rows = ((number, line.split("#")[0].split()) for number, line in enumerate(lines, start=1))
        self._rows = [(number, words) for number, words in rows if words and number > skipped]
        self._taken = 0

    @property
    def line(self) -> int:
        """Number of the next line, of the last one at the end."""
        rows = self._rows[self._taken :] or self._rows[-1:]
        return rows[0][0] if rows else 0

    @property
    def at_end(self) -> bool:
        """Whether all lines are read."""
        return self._taken == len(self._rows)

    def row(self, least: int) -> list[str]:
        """Return the words of the next line, which has some number of them or more."""
        line, words = self._next(f"{least} words")
        if len(words) < least:
            raise BadFileError(line, "too few words", f"{len(words)}", f"{least} or more")
        return words

    def numbers(self, n: int) -> FloatArray:
        """Return numbers, which begin on a new line and fill some lines."""
        found: list[float] = []
        while len(found) < n:
            line, words = self._next(f"{n - len(found)} more numbers")
            found += [number(word, line) for word in words[: n - len(found) + 1]]
        if len(found) > n:
            raise BadFileError(line, "more numbers in the line than its table needs", "", f"{n} in the table")
        return np.array(found)

    def _next(self, wanted: str) -> tuple[int, list[str]]:
        if self.at_end:
            raise BadFileError(self.line, "file ends early", "its end", wanted)
        self._taken += 1
        return self._rows[self._taken - 1]


def number(word: str, line: int) -> float:
    """Return a finite number."""
    value = values.number(word)
    if not math.isfinite(value):
        raise BadFileError(line, "bad value", values.quoted(word), "a finite number")
    return value


def count(word: str, line: int, least: int) -> int:
    """Return a number of points or elements."""
    if not (word.isascii() and word.isdecimal()) or not least <= int(word) < 10**9:
        raise BadFileError(line, "bad number of points or elements", values.quoted(word), f"{least} or more")
    return int(word)
