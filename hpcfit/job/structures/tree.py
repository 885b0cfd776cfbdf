"""The ``<structures>`` of a job: the tree of groups, datasets and own structures, and their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.values import Faults, quoted
from hpcfit.job.structures.datasets import read_dataset
from hpcfit.job.structures.derived import DERIVED, join_derived, read_derived
from hpcfit.job.structures.losses import ABSOLUTE_ELEMENTS, WEIGHTED
from hpcfit.job.structures.own_structures import OwnStructures
from hpcfit.job.structures.scope import Scope
from hpcfit.job.structures.surface_energies import surface_energies, with_surface_energy
from hpcfit.records import DatasetSource, DerivedProperty, Group, RobustLoss, RobustLossForm, Structure
from hpcfit.units import LARGEST_WEIGHT

#: Attributes that require normalised or absolute weights.
_NORMALISED_ONLY = ("relative-weight", "tolerance")
_ABSOLUTE_ONLY = (*WEIGHTED, "normalize-by-natoms")

#: Weights, and inverse weights, by the end of the attribute's name; in <weight> these are whole names.
_WEIGHTS, _TOLERANCES = ("weight", "config", "energy", "forces", "stress"), ("tolerance",)


def read_structures(element: etree._Element, scope: Scope) -> tuple[Group, bool]:
    """Return the structures, and whether their weights are absolute.

    Parameters
    ----------
    element
        The ``<structures>``.
    scope
        The job's context.
    """
    mode = values.line_of_text(element.get("weights"), "normalised")
    absolute = mode == "absolute"
    own = OwnStructures(scope)
    if absolute:
        _refuse_own(element, (*own.tags, DERIVED), scope.faults)
        _refuse(element, _NORMALISED_ONLY, 'without weights="absolute"', scope.faults)
    elif mode in ("normalised", "normalized"):
        _refuse(element, _ABSOLUTE_ONLY, 'with weights="absolute"', scope.faults)
        for node in element.iter(*ABSOLUTE_ELEMENTS):
            scope.faults.add(node, f"<{node.tag}> has no effect here", allowed='only with weights="absolute"')
    _check_sizes(element, scope.faults)
    reader = _Reader(own, absolute, scope)
    values.check_ids(element.iter("group", "dataset", DERIVED, *own.tags), scope.faults)
    tree = reader.group(element)
    derived = {values.line_of_text(node.get("id")): node for node in element.iter(DERIVED)}
    derived |= surface_energies(element)
    return join_derived(tree, derived, scope), absolute


def _check_sizes(element: etree._Element, faults: Faults) -> None:
    """Report weights whose squares and products overflow."""
    for node in element.iter(etree.Element):
        for name, text in ((str(name), str(text)) for name, text in node.attrib.items()):
            value = values.number(text)
            is_weight = name.endswith(_WEIGHTS)
            if is_weight and value > LARGEST_WEIGHT:
                faults.add(node, f"{name} of <{node.tag}> is too large", quoted(text), f"{LARGEST_WEIGHT:g}")
            elif name.endswith(_TOLERANCES) and not (
                math.isnan(value) or value <= 0 or 1 / LARGEST_WEIGHT <= value <= LARGEST_WEIGHT
            ):
                allowed = f"{1 / LARGEST_WEIGHT:g} .. {LARGEST_WEIGHT:g}"
                faults.add(node, f"{name} of <{node.tag}> is out of range", quoted(text), allowed)


def read_loss(
    element: etree._Element | None, losses: Sequence[RobustLossForm], faults: Faults
) -> RobustLoss | None:
    """Return the loss of ``<structures>``, None for squares."""
    name = "squares" if element is None else values.line_of_text(element.get("loss"), "squares")
    if element is None or name == "squares":
        if element is not None and "loss-scale" in element.attrib:
            allowed = " or ".join(form.name for form in losses)
            faults.add(element, "loss-scale has no effect", 'loss="squares"', allowed)
        return None
    return RobustLoss(name, values.number(element.get("loss-scale"), 1.0))


def _refuse(element: etree._Element, names: Sequence[str], where: str, faults: Faults) -> None:
    for node in element.iter(etree.Element):
        for name in names:
            if name in node.attrib:
                faults.add(node, f"{name} of <{node.tag}> has no effect here", allowed=f"only {where}")


def _refuse_own(element: etree._Element, tags: Sequence[str], faults: Faults) -> None:
    """Report and remove elements that are not allowed with absolute weights."""
    for node in list(element.iter(*tags)):
        parent = node.getparent()
        if parent is not None:
            faults.add(node, f'<{node.tag}> in structures with weights="absolute"', allowed="<dataset>")
            parent.remove(node)
    root = element.getparent()
    for preset in () if root is None else root.iter("tolerance-preset"):
        what = '<tolerance-preset> has no effect with weights="absolute"'
        faults.add(preset, what)


class _Reader:
    """Reads the tree of structures."""

    def __init__(self, own: OwnStructures, absolute: bool, scope: Scope) -> None:
        self._own = own
        self._absolute = absolute
        self._scope = scope

    def group(self, element: etree._Element) -> Group:
        tags = ("group", "dataset", DERIVED, *self._own.tags)
        children = tuple(self._child(child) for child in element.iterchildren(*tags))
        self._check(element, [child.relative_weight for child in children if fits(child)])
        identifier = "structures" if element.tag == "structures" else ""
        identifier = values.line_of_text(element.get("id"), identifier)
        return Group(identifier, values.number(element.get("relative-weight"), 1.0), children)

    def _child(self, element: etree._Element) -> Group | DatasetSource | Structure | DerivedProperty:
        if element.tag == "group":
            return self.group(element)
        if element.tag == DERIVED:
            return read_derived(element, self._scope)
        leaf = (
            read_dataset(element, self._absolute, self._scope)
            if element.tag == "dataset"
            else self._own.structure(element)
        )
        fitted = [entry.relative_weight for entry in leaf.properties if entry.fit]
        found = with_surface_energy(element, leaf, self._scope) if isinstance(leaf, Structure) else leaf
        if isinstance(found, Group):
            fitted += [
                c.relative_weight for c in found.children if isinstance(c, DerivedProperty) and fits(c)
            ]
        self._check(element, fitted)
        return found

    def _check(self, element: etree._Element, fitted: Sequence[float]) -> None:
        """Report siblings whose relative weights are all zero: they cannot be normalised."""
        if not self._absolute and fitted and not any(fitted):
            self._scope.faults.add(
                element, f"all relative weights inside <{element.tag}> are 0", allowed="one above 0"
            )


def fits(node: Group | DatasetSource | Structure | DerivedProperty) -> bool:
    """Return whether a node of the job's tree contributes to the objective."""
    if isinstance(node, Group):
        return any(fits(child) for child in node.children)
    return any(entry.fit for entry in node.properties)
