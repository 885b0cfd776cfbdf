"""Start values from LAMMPS potential files: the ``<param-file>`` of a potential.

An entry has three elements and a fixed number of columns, which may continue on the next lines; ``#`` starts a comment.
Entries whose second and third element are equal give the two-body parameters. A parameter of a bond that has one value,
as the repulsion between Si and C, stands in the entries of both atoms; LAMMPS takes one or the other by atom ids.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from hpcfit.errors import Fault
from hpcfit.job.document import values
from hpcfit.job.document.tags import Combination, tag_of
from hpcfit.job.document.text_file import read_text
from hpcfit.job.document.values import Faults, quoted
from hpcfit.job.potentials.labels import Labels
from hpcfit.job.potentials.lammps_words import ENERGY_UNITS, BadFileError, energy_unit
from hpcfit.records import ColumnFile, ParameterForm, PotentialForm, species_tuple

#: Entries of the two orders of a bond that differ by no more than this, relative, are one value in different roundings.
ROUNDING = 1e-3

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
    labels = Labels(element, species, faults)
    starts = reader.starts(form.parameters, list(reader.entries(text, labels, species)), species)
    return None if reader.has_faults or labels.has_faults else starts


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

    def entries(self, text: str, labels: Labels, species: Sequence[str]) -> Iterator[_Entry]:
        """Yield the entries whose elements are all in the job."""
        try:
            # LAMMPS converts the files of some styles only.
            unit = energy_unit(text, units=tuple(ENERGY_UNITS) if self._layout.energies else ("metal",))
        except BadFileError as error:
            self._fault(error.line, error.what, error.found, error.allowed)
            return
        rows = list(self._rows(text))
        known = list(dict.fromkeys(word for _, words in rows for word in words[:3]))
        found = labels.of_species(known, self._name)
        places = {found[symbol]: number for number, symbol in enumerate(species) if symbol in found}
        seen: dict[Combination, tuple[int, list[str]]] = {}
        for line, words in rows:
            elements = tuple(places[word] for word in words[:3] if word in places)
            if len(elements) < 3:
                continue
            earlier, same = seen.setdefault(elements, (line, words))
            if words != same:
                what = f"entry for {' '.join(words[:3])} twice, with other values"
                self._fault(line, what, f"another in line {earlier}", "one")
            columns = self._columns(line, words[3:], unit)
            if columns and words is same:
                yield _Entry(line, elements, columns)

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

    def _columns(self, line: int, words: Sequence[str], unit: float) -> dict[str, float]:
        """Return an entry's columns by name; empty if one has a fault."""
        found = dict(zip(self._layout.columns, map(values.number, words), strict=True))
        for (name, value), word in zip(found.items(), words, strict=True):
            if not math.isfinite(value):
                self._fault(line, f"bad value of {name}", quoted(word), "a finite number")
                return {}
            if value != self._layout.fixed.get(name, value):
                self._fault(line, f"{name} is not supported", word, f"{self._layout.fixed[name]:g}")
                return {}
        return {
            name: value * unit if name in self._layout.energies else value for name, value in found.items()
        }

    def starts(
        self, rows: Sequence[ParameterForm], entries: Sequence[_Entry], species: Sequence[str]
    ) -> Starts:
        """Return the parameters' values: means of entries of the two orders of a bond that differ by roundings."""
        found: dict[tuple[str, Combination], list[tuple[float, int]]] = {}
        for entry in entries:
            converted = self._layout.read(entry.columns)
            for row in rows:
                own = species_tuple(row.kind, *entry.species)
                of_bond = len(own) < 3
                if row.name not in converted or (of_bond and entry.species[1] != entry.species[2]):
                    continue
                value = converted[row.name]
                self._check_range(entry.line, row, value)
                found.setdefault((row.name, own), []).append((value, entry.line))
        self._compare(found, species)
        return {key: _mean([value for value, _ in given]) for key, given in found.items()}

    def _compare(
        self,
        found: Mapping[tuple[str, Combination], Sequence[tuple[float, int]]],
        species: Sequence[str],
    ) -> None:
        """Warn of values that differ by roundings; others that differ are faults."""
        rounded: list[tuple[float, str]] = []
        for (name, own), given in found.items():
            earlier, line = given[0]
            for value, other in given[1:]:
                difference = _difference(earlier, value)
                if difference > ROUNDING:
                    what = f"{name} of {tag_of(own, species)} differs between the orders of its species"
                    self._fault(other, what, f"{value}", f"{earlier} as in line {line}")
                elif difference > _SAME:
                    rounded.append((difference, f"{name} of {tag_of(own, species)}"))
        if rounded and not self.has_faults:
            worst, what = max(rounded)
            self._faults.warn(
                self._element,
                f"{self._name}: {len(rounded)} values differ between the two orders of a bond, by up to "
                f"{worst:.1e} of the value ({what}); the mean is used, LAMMPS takes one or the other by atom ids",
            )

    def _check_range(self, line: int, row: ParameterForm, value: float) -> None:
        if value < row.lower or value > row.upper:
            self._fault(line, f"value of {row.name} out of range", f"{value}", f"{row.lower} .. {row.upper}")


#: Values this close, relative, are the same.
_SAME = 1e-12


def _difference(one: float, other: float) -> float:
    return abs(one - other) / max(abs(one), abs(other), sys.float_info.min)


def _mean(given: Sequence[float]) -> float:
    """Return the mean of values that differ by roundings, the first of equal ones."""
    lowest, highest = min(given), max(given)
    return given[0] if _difference(lowest, highest) <= _SAME else (lowest + highest) / 2.0
