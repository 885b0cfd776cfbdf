"""What of a structure relaxes: its ``<relax-dof>``, and its fitted properties that are values of freedoms."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lxml import etree

from hpcfit.job import values
from hpcfit.job.degrees import bounds
from hpcfit.job.values import Faults
from hpcfit.records import FREEDOMS, Atoms, Freedom

#: Freedoms that hold another one, which then cannot relax beside them.
_HELD = {
    "cell-hydrostatic": ("lattice-parameter",),
    "cell-orthorhombic": ("lattice-parameter", "ca-ratio"),
    "cell-full": ("lattice-parameter", "ca-ratio"),
    "atom-coordinates": ("atom-distance",),
}


def read_freedoms(
    structure: etree._Element,
    atoms: Atoms,
    start: Mapping[str, float],
    mirrored: Mapping[str, etree._Element],
    faults: Faults,
) -> tuple[Freedom, ...]:
    """Return what relaxes, in the order of `FREEDOMS`.

    Parameters
    ----------
    structure
        The structure's element.
    atoms
        As it starts.
    start
        Values of the freedoms that it has.
    mirrored
        Properties of it that are the value of a freedom, by that freedom; a fitted one turns the relaxation on. The
        bounds of a property hold where the freedom's own element gives none.
    faults
        Collects what is wrong.
    """
    entries = {_name(entry): entry for block in _blocks(structure) for entry in block}
    found: dict[str, Freedom] = {}
    for name in FREEDOMS:
        entry, prop = entries.get(name), mirrored.get(name)
        fitted = prop is not None and values.boolean(prop.get("fit"), False)
        enabled = entry is not None and values.boolean(entry.get("enabled"), True)
        if fitted and entry is not None and not enabled:
            faults.add(entry, f"<{name}> is fitted, and so must relax", 'enabled="false"')
        said = [element for element in (entry, prop) if element is not None]
        for element in said:
            _check_bounds(element, start.get(name, math.nan), faults)
        if enabled and entry is not None:
            _check_possible(entry, name, atoms, start, faults)
        if enabled or fitted:
            lows, highs = zip(*(bounds(element) for element in said), strict=True)
            low = next((low for low in lows if math.isfinite(low)), -math.inf)
            high = next((high for high in highs if math.isfinite(high)), math.inf)
            found[name] = Freedom(name, low, high)
    _check_apart(structure, found, faults)
    return tuple(found.values())


def _blocks(structure: etree._Element) -> list[etree._Element]:
    return [*structure.findall("relax-dof"), *structure.findall("relax")]


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


def _check_possible(
    element: etree._Element, name: str, atoms: Atoms, start: Mapping[str, float], faults: Faults
) -> None:
    """Note a freedom that the structure does not have."""
    if name in FREEDOMS[:3]:
        if name not in start:
            allowed = ", ".join(f"<{known}>" for known in start) or "none of this kind"
            faults.add(element, f"structure has no {name} that could relax", allowed=allowed)
    elif name.startswith("cell") and len(atoms) and not atoms.pbc.all():
        faults.add(element, "cell of a structure that is not periodic along x, y and z cannot relax")


def _check_apart(structure: etree._Element, found: Mapping[str, Freedom], faults: Faults) -> None:
    for name, held in _HELD.items():
        for other in held:
            if name in found and other in found:
                what = (
                    f"{other} cannot relax beside {name.replace('cell-', 'a cell of shape ')}, which holds it"
                )
                faults.add(structure, what, allowed="one of them")
