"""The relaxed degrees of freedom of a structure: its ``<relax-dof>``, and fitted properties that set them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.values import Faults
from hpcfit.job.potentials.fit_parameters import bounds
from hpcfit.records import DEGREES_OF_FREEDOM, DegreeOfFreedom, Structure


def read_degrees_of_freedom(
    element: etree._Element,
    structure: Structure,
    mirrored: Mapping[str, etree._Element],
    faults: Faults,
) -> tuple[DegreeOfFreedom, ...]:
    """Return the relaxed degrees of freedom, in the order of `DEGREES_OF_FREEDOM`.

    Parameters
    ----------
    element
        The structure's element.
    structure
        As read so far.
    mirrored
        Its properties that are degrees of freedom, by name; fitting one enables its relaxation. Its bounds apply if
        the degree of freedom's own element gives none.
    faults
        Collects the faults.
    """
    entries = {_name(entry): entry for block in _blocks(element) for entry in block}
    found: dict[str, DegreeOfFreedom] = {}
    for name in DEGREES_OF_FREEDOM:
        entry, prop = entries.get(name), mirrored.get(name)
        fitted = prop is not None and values.boolean(prop.get("fit"), False)
        enabled = entry is not None and values.boolean(entry.get("enabled"), True)
        if fitted and entry is not None and not enabled:
            faults.add(entry, f"<{name}> is fitted and must relax", 'enabled="false"')
        said = [node for node in (entry, prop) if node is not None]
        for node in said:
            _check_bounds(node, structure.values.get(name, math.nan), faults)
        if enabled and entry is not None:
            _check_possible(entry, name, structure, faults)
        if enabled or fitted:
            found[name] = DegreeOfFreedom(name, *_first_bounds(said))
    distance = found.get("atom-distance", DegreeOfFreedom("atom-distance"))
    if "atom-coordinates" in found and (distance.minimum, distance.maximum) != (-math.inf, math.inf):
        what = "bounds of <atom-distance> have no effect where <atom-coordinates> relax"
        faults.add(element, what)
    if any(name.startswith("cell") for name in found):
        for name, prop in mirrored.items():
            if name not in found and bounds(prop) != (-math.inf, math.inf):
                what = f"bounds of <{name}> have no effect where only <cell> relaxes it"
                faults.warn(prop, what)
    return tuple(found.values())


def _blocks(structure: etree._Element) -> list[etree._Element]:
    return [*structure.findall("relax-dof"), *structure.findall("relax")]


def _first_bounds(said: Sequence[etree._Element]) -> tuple[float, float]:
    """Return the first lower and the first upper bound in some elements."""
    lows, highs = zip(*(bounds(element) for element in said), strict=True)
    return (
        next((low for low in lows if math.isfinite(low)), -math.inf),
        next((high for high in highs if math.isfinite(high)), math.inf),
    )


def _name(entry: etree._Element) -> str:
    if entry.tag != "cell":
        return str(entry.tag)
    return f"cell-{values.line_of_text(entry.get('shape'), 'full')}"


def _check_bounds(element: etree._Element, start: float, faults: Faults) -> None:
    low, high = bounds(element)
    if low > high:
        faults.add(element, f"min of <{element.tag}> above max", f"{low}", f"at most {high}")
    elif start < low or start > high:
        what = f"bounds exclude the start of <{element.tag}>"
        faults.add(element, what, f"{start}", f"{low} .. {high}")


def _check_possible(element: etree._Element, name: str, structure: Structure, faults: Faults) -> None:
    """Report a degree of freedom that the structure does not have."""
    if name in DEGREES_OF_FREEDOM[:3]:
        if name not in structure.values:
            allowed = ", ".join(f"<{known}>" for known in structure.values) or "none of this kind"
            faults.add(element, f"structure has no {name} that could relax", allowed=allowed)
    elif name.startswith("cell") and len(structure.atoms) and not structure.atoms.pbc.all():
        faults.add(element, "cell of a structure that is not periodic along x, y and z cannot relax")
