"""Labels of a LAMMPS file's elements, which need not be the job's species: ``labels="Si=Si(B) C=C"``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document.values import Faults, quoted, symbols


class Labels:
    """Finds the labels of the job's species in a file.

    Parameters
    ----------
    element
        The ``<param-file>``.
    species
        Chemical symbols of the job.
    faults
        Collects the faults.
    """

    def __init__(self, element: etree._Element, species: Sequence[str], faults: Faults) -> None:
        self._element = element
        self._species = species
        self._faults = faults
        self._given: dict[str, str] = {}
        self.has_faults = False
        for entry in (element.get("labels") or "").split():
            symbol, equals, label = entry.partition("=")
            if not equals or not label or symbol not in species:
                what = "bad entry of labels in <param-file>"
                allowed = f"a species of the job and its label, as in {species[0]}=LABEL"
                self._fault(what, quoted(entry), allowed, nearest(symbol, species))
            elif symbol in self._given or label in self._given.values():
                self._fault("species or label twice in labels of <param-file>", quoted(entry))
            else:
                self._given[symbol] = label

    def _fault(self, what: str, found: str, allowed: str = "", like: str = "") -> None:
        self.has_faults = True
        self._faults.add(self._element, what, found, allowed, like)

    def of_species(self, labels: Sequence[str], file: str) -> Mapping[str, str]:
        """Return the label of each of the job's species that the file has.

        A species that is no label itself has the only label that begins with its symbol, which is said.

        Parameters
        ----------
        labels
            Those in the file.
        file
            Its name.
        """
        found: dict[str, str] = {}
        for symbol in self._species:
            label = self._given.get(symbol, symbol)
            like = [each for each in labels if _symbol(each) == symbol and each not in self._given.values()]
            if label in labels:
                found[symbol] = label
            elif symbol in self._given:
                what = f"label of {symbol} is not in {file}"
                self._fault(what, quoted(label), ", ".join(labels), nearest(label, labels))
            elif len(like) == 1:
                what = f'{symbol} is "{like[0]}" in {file}; labels="{symbol}={like[0]}" says so'
                self._faults.warn(self._element, what)
                found[symbol] = like[0]
            elif like:
                allowed = " or ".join(f'labels="{symbol}={each}"' for each in like)
                self._fault(f"several labels for {symbol} in {file}", "", allowed)
        return found


def _symbol(label: str) -> str:
    """Return the symbol at the beginning of a label; empty for a word such as ``Silicon``."""
    start = re.match("[A-Z][a-z]?(?![a-z])", label)
    return start[0] if start and symbols(start[0]) else ""
