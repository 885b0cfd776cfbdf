"""The ``<surface-energy>`` of a slab: (E_slab - n E_bulk) / (2 A), a derived property of the slab and its bulk."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.braces import named_terms
from hpcfit.job.structures.composition import BULK, SURFACE_ENERGY
from hpcfit.job.structures.derived import derived_from
from hpcfit.job.structures.scope import Scope
from hpcfit.records import DerivedProperty, Group, Structure
from hpcfit.units import JOULE_PER_SQUARE_METRE


def surface_energies(element: etree._Element) -> dict[str, etree._Element]:
    """Return the elements of all surface energies below an element, by the ids of their properties."""
    return {
        f"{values.line_of_text(slab.get('id'))}.{SURFACE_ENERGY}": node
        for node in element.iter(SURFACE_ENERGY)
        for slab in node.iterancestors()
        if slab.find("properties") is node.getparent()
    }


def with_surface_energy(element: etree._Element, slab: Structure, scope: Scope) -> Structure | Group:
    """Return a slab, or a group of the slab and its surface energy, whose weights are those of sibling properties."""
    listed = element.findall(f"properties/{SURFACE_ENERGY}")
    if not listed:
        return slab
    for again in listed[1:]:
        where = scope.faults.line(listed[0])
        scope.faults.add(again, f"<{SURFACE_ENERGY}> twice in <properties>", f"another in {where}")
    derived = _surface_energy(listed[0], element, slab, scope)
    own = sum(prop.relative_weight for prop in slab.properties if prop.fit)
    return Group("", slab.relative_weight, (replace(slab, relative_weight=own or 1.0), derived))


def _surface_energy(
    element: etree._Element, structure: etree._Element, slab: Structure, scope: Scope
) -> DerivedProperty:
    name, bulk = slab.id, values.line_of_text(element.get(BULK))
    numbers = f"{{{name}.total-energy}} - {len(slab.atoms)}*{{{bulk}.atomic-energy}}"
    # Two sides.
    text = f"({numbers})/(2*{{{name}.surface-area}})/{JOULE_PER_SQUARE_METRE!r}"
    formula, named = named_terms(text)
    fit = values.boolean(element.get("fit"), False) and values.boolean(structure.get("fit"), True)
    return derived_from(element, f"{name}.{SURFACE_ENERGY}", formula, named, "J/m^2", fit, scope)
