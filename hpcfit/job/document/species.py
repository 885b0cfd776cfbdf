"""The ``<atom-types>`` of a job, and look-up of species by symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.values import Faults, quoted


@dataclass(frozen=True)
class Species:
    """The species of a job: symbols and atomic data, None where not given."""

    symbols: tuple[str, ...] = ()
    masses: tuple[float | None, ...] = ()
    atomic_numbers: tuple[int | None, ...] = ()


def read_species(root: etree._Element, faults: Faults) -> Species:
    """Return the species; an empty record where a symbol is invalid."""
    elements: dict[str, etree._Element] = {}
    for element in root.findall("atom-types/species"):
        symbol = values.line_of_text(element.text)
        if values.symbols(symbol) != [symbol]:
            return Species()
        if symbol in elements:
            faults.add(element, "species given twice", quoted(symbol))
        else:
            elements[symbol] = element
    return Species(
        symbols=tuple(elements),
        masses=tuple(
            values.number(element.get("mass")) if "mass" in element.attrib else None
            for element in elements.values()
        ),
        atomic_numbers=tuple(
            values.whole(element.get("atomic-number"), 0) if "atomic-number" in element.attrib else None
            for element in elements.values()
        ),
    )


def number_of(element: etree._Element, text: str | None, species: Sequence[str], faults: Faults) -> int:
    """Return the index of the species that an element names; -1 with a fault where it is unknown."""
    symbol = values.line_of_text(text)
    if symbol in species:
        return species.index(symbol)
    if species and values.symbols(symbol) == [symbol]:  # otherwise the schema has reported it
        what = f"unknown species in <{element.tag}>"
        faults.add(element, what, quoted(symbol), ", ".join(species), nearest(symbol, species))
    return -1
