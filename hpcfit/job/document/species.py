"""The ``<atom-types>`` of a job, and the species that its elements name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.values import Faults, quoted


@dataclass(frozen=True)
class Species:
    """The species of a job: symbols, and what the job says of their atoms, None where it says nothing."""

    symbols: tuple[str, ...] = ()
    masses: tuple[float | None, ...] = ()
    atomic_numbers: tuple[int | None, ...] = ()


def read_species(root: etree._Element, faults: Faults) -> Species:
    """Return the species, none at all where one of them is no symbol."""
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
    """Return the number of the species that an element names, -1 where it names none, its fault noted."""
    symbol = values.line_of_text(text)
    if symbol in species:
        return species.index(symbol)
    if species and values.symbols(symbol) == [symbol]:  # else the schema has refused it
        what = f"unknown species in <{element.tag}>"
        faults.add(element, what, quoted(symbol), ", ".join(species), nearest(symbol, species))
    return -1
