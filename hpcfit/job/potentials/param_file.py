"""Start values from LAMMPS potential files: the ``<param-file>`` of a potential.

An entry has three elements and a fixed number of columns, which may continue on the next lines; ``#`` starts a comment.
Entries whose second and third element are equal give the two-body parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from hpcfit.errors import Fault
from hpcfit.job.document import values
from hpcfit.job.document.tags import Combination
from hpcfit.job.document.text_file import read_text
from hpcfit.job.document.values import Faults, quoted
from hpcfit.records import ColumnFile, ParameterForm, PotentialForm, species_tuple

#: Start values by parameter name and combination of species.
Starts = Mapping[tuple[str, Combination], float]


@dataclass(frozen=True)
class _Entry:
    """An entry of a file: its first line, species indices, columns by name."""

    line: int
    species: Combination
    columns: dict[str, float]


def read_param_file(
    element: etree._Element,
    form: PotentialForm,
    layout: ColumnFile,
    species: Sequence[str],
    folder: Path,
    faults: Faults,
) -> Starts | None:
    """Return the start values in the file that a ``<param-file>`` names, None if it has faults.

    Entries for other species are skipped.

    Parameters
    ----------
    element
        The ``<param-file>``.
    form
        The potential.
    layout
        The columns of its files.
    species
        Chemical symbols of the job.
    folder
        The job file's folder; the file is relative to it.
    faults
        Collects the faults, with lines of the job or of the file.
    """
    name = values.line_of_text(element.text)
    text = read_text(element, name, folder, faults)
    if text is None:
        return None
    reader = _Reader(name, layout, element, faults)
    starts = reader.starts(form.parameters, list(reader.entries(text, species)))
    return None if reader.has_faults else starts


class _Reader:
    """Reads one file."""

    def __init__(self, name: str, layout: ColumnFile, element: etree._Element, faults: Faults) -> None:
        self._name = name
        self._layout = layout
        self._element = element
        self._faults = faults
        self.has_faults = False

    def _fault(self, line: int, what: str, found: str = "", allowed: str = "") -> None:
        self.has_faults = True
        self._faults.add_of_file(self._element, Fault(f"{self._name}:{line}", what, found, allowed))

    def entries(self, text: str, species: Sequence[str]) -> Iterator[_Entry]:
        """Yield the entries whose elements are all in the job."""
        for line, words in self._rows(text):
            elements = words[:3]
            if all(element in species for element in elements):
                columns = self._columns(line, words[3:])
                if columns:
                    yield _Entry(line, tuple(species.index(element) for element in elements), columns)

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the words of each entry."""
        n_words = 3 + len(self._layout.columns)
        words: list[str] = []
        first = 0
        for line, row in enumerate(text.splitlines(), start=1):
            found = row.split("#")[0].split()
            first = first if words else line
            words += found
            if len(words) > n_words:
                what = "an entry with too many columns, or the one before it with too few"
                self._fault(line, what, f"{len(words)} words", f"{n_words} words")
                return
            if len(words) == n_words:
                yield first, words
                words = []
        if words:
            self._fault(first, "an entry with too few columns", f"{len(words)} words", f"{n_words} words")

    def _columns(self, line: int, words: Sequence[str]) -> dict[str, float]:
        """Return an entry's columns by name; empty if one has a fault."""
        found = dict(zip(self._layout.columns, map(values.number, words), strict=True))
        for (name, value), word in zip(found.items(), words, strict=True):
            if not math.isfinite(value):
                self._fault(line, f"bad value of {name}", quoted(word), "a finite number")
                return {}
            if value != self._layout.fixed.get(name, value):
                self._fault(line, f"{name} is not supported", word, f"{self._layout.fixed[name]:g}")
                return {}
        return found

    def starts(self, rows: Sequence[ParameterForm], entries: Sequence[_Entry]) -> Starts:
        """Return the parameters' values; entries that contradict each other are a fault."""
        found: dict[tuple[str, Combination], tuple[float, int]] = {}
        for entry in entries:
            converted = self._layout.read(entry.columns)
            for row in rows:
                own = species_tuple(row.kind, *entry.species)
                of_bond = len(own) < 3
                if row.name not in converted or (of_bond and entry.species[1] != entry.species[2]):
                    continue
                value = converted[row.name]
                self._check_range(entry.line, row, value)
                earlier, line = found.setdefault((row.name, own), (value, entry.line))
                if not math.isclose(earlier, value, rel_tol=1e-12):
                    what = f"{row.name} differs for the same species"
                    self._fault(entry.line, what, f"{value}", f"{earlier} as in line {line}")
        return {key: value for key, (value, _) in found.items()}

    def _check_range(self, line: int, row: ParameterForm, value: float) -> None:
        if value < row.lower or value > row.upper:
            self._fault(line, f"value of {row.name} out of range", f"{value}", f"{row.lower} .. {row.upper}")
