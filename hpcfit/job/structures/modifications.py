"""Modifications of a structure in a job: supercells, point defects, deformations, surfaces."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.species import number_of
from hpcfit.job.document.values import Faults
from hpcfit.records import Modification

#: Attributes of the elements that become `Modification.numbers`, in its order, with defaults.
_NUMBERS: dict[str, dict[str, float]] = {
    "repeat": dict.fromkeys("xyz", 1.0),
    "vacancy": {},
    "substitution": {},
    "interstitial": dict.fromkeys("xyz", 0.0),
    "deformation": {a + b: float(a == b) for a in "xyz" for b in "xyz"},
    "surface": dict.fromkeys(("h", "k", "l", "layers", "vacuum"), 0.0),
}


def read_modifications(
    structure: etree._Element, species: Sequence[str], faults: Faults
) -> list[tuple[etree._Element, Modification]]:
    """Return the modifications among the children of a structure, in document order.

    Parameters
    ----------
    structure
        The element.
    species
        Chemical symbols of the job.
    faults
        Collects the faults.
    """
    return [
        (element, _modification(element, species, faults)) for element in structure if element.tag in _NUMBERS
    ]


def _modification(element: etree._Element, species: Sequence[str], faults: Faults) -> Modification:
    kind = str(element.tag)
    return Modification(
        kind=kind,
        site=values.whole(element.get("site"), -1),
        species=number_of(element, element.get("type"), species, faults) if "type" in element.attrib else -1,
        numbers=tuple(values.number(element.get(name), default) for name, default in _NUMBERS[kind].items()),
    )
