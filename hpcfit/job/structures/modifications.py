"""Modifications of a structure in a job: supercells, point defects, deformations, surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.species import number_of
from hpcfit.job.document.values import Faults
from hpcfit.records import CENTRINGS, LatticeForm, Modification

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
    structure: etree._Element, form: LatticeForm | None, species: Sequence[str], faults: Faults
) -> list[tuple[etree._Element, Modification]]:
    """Return the modifications among the children of a structure, in document order.

    Parameters
    ----------
    structure
        The element.
    form
        The lattice that it modifies, None for atoms of a user.
    species
        Chemical symbols of the job.
    faults
        Collects the faults.
    """
    # The cell's vectors in units of those of the conventional cell.
    vectors = np.array(CENTRINGS[form.centring] if form else np.eye(3))
    found = []
    for element in structure:
        if element.tag in _NUMBERS:
            change = _modification(element, species, faults)
            if change.kind == "repeat":
                vectors = np.array(change.numbers)[:, None] * vectors
            elif change.kind == "surface":
                change = replace(change, vectors=tuple(map(tuple, vectors.tolist())))
                _check_fourth_index(element, form, faults)
                vectors = np.eye(3)  # further ones refer to the slab's own cell
            found.append((element, change))
    return found


def _check_fourth_index(element: etree._Element, form: LatticeForm | None, faults: Faults) -> None:
    if "i" not in element.attrib:
        return
    if form is not None and form.system != "hexagonal":
        faults.add(element, "index i of <surface>", element.get("i", ""), "h, k, l; i in hexagonal lattices")
        return
    h, k, i = (values.whole(element.get(name), 0) for name in "hki")
    if h + k + i != 0:
        faults.add(element, "indices h k i of <surface>", f"{h} {k} {i}", f"i = -(h + k) = {-h - k}")


def _modification(element: etree._Element, species: Sequence[str], faults: Faults) -> Modification:
    kind = str(element.tag)
    return Modification(
        kind=kind,
        site=values.whole(element.get("site"), -1),
        species=number_of(element, element.get("type"), species, faults) if "type" in element.attrib else -1,
        numbers=tuple(values.number(element.get(name), default) for name, default in _NUMBERS[kind].items()),
        termination=tuple(values.whole(word, 0) for word in (element.get("termination") or "").split()),
    )
