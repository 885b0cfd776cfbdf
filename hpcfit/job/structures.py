"""The ``<structures>`` of a job: groups, datasets, their fitted properties and weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job import values
from hpcfit.job.values import Faults, quoted
from hpcfit.records import (
    AbsoluteWeights,
    DatasetSource,
    DerivedProperty,
    FittedProperty,
    Group,
    Structure,
)
from hpcfit.units import GPA

#: Tolerances where the job gives none, eV and Angstrom (stress from GPa): atomicrex's preset "balanced".
_TOLERANCES = {
    "total-energy": 0.2,
    "atomic-energy": 0.01,
    "atomic-forces": 0.01,
    "stress": 2.0 * GPA,
}

#: Units of tolerances in the job, in the code's.
_UNITS = {"stress": GPA}

#: Absolute weights that need one of these properties fitted to have an effect.
_WEIGHTED = {
    "energy-weight": ("total-energy", "atomic-energy"),
    "forces-weight": ("atomic-forces",),
    "stress-weight": ("stress",),
}

#: Attributes that mean something only with the one or the other kind of weights.
_NORMALISED_ONLY = ("relative-weight", "tolerance")
_ABSOLUTE_ONLY = (*_WEIGHTED, "normalize-by-natoms")


def read_structures(element: etree._Element, folder: Path, faults: Faults) -> tuple[Group, bool]:
    """Return the structures, and whether their weights are absolute.

    Parameters
    ----------
    element
        The ``<structures>``.
    folder
        The job file's; dataset files are relative to it.
    faults
        Collects what is wrong.
    """
    mode = values.line_of_text(element.get("weights"), "normalised")
    absolute = mode == "absolute"
    if absolute:
        _refuse(element, _NORMALISED_ONLY, 'without weights="absolute"', faults)
    elif mode in ("normalised", "normalized"):
        _refuse(element, _ABSOLUTE_ONLY, 'with weights="absolute"', faults)
    values.check_ids(element.iter("group", "dataset"), faults)
    return _Reader(folder, absolute, faults).group(element), absolute


def _refuse(element: etree._Element, names: Sequence[str], where: str, faults: Faults) -> None:
    for node in element.iter(etree.Element):
        for name in names:
            if name in node.attrib:
                faults.add(node, f"{name} of <{node.tag}> has no effect here", allowed=f"only {where}")


class _Reader:
    """Reads the tree of groups and datasets."""

    def __init__(self, folder: Path, absolute: bool, faults: Faults) -> None:
        self._folder = folder
        self._absolute = absolute
        self._faults = faults

    def group(self, element: etree._Element) -> Group:
        children = tuple(
            self.group(child) if child.tag == "group" else self._dataset(child)
            for child in element.iterchildren("group", "dataset")
        )
        self._check_weights(element, [child.relative_weight for child in children if _fits(child)])
        return Group(values.line_of_text(element.get("id"), "structures"), _weight(element), children)

    def _dataset(self, element: etree._Element) -> DatasetSource:
        file = values.line_of_text(element.get("file"))
        block = element.find("properties")
        properties = tuple(
            self._property(child) for child in (() if block is None else block) if child.tag in _TOLERANCES
        )
        self._check_weights(element, [entry.relative_weight for entry in properties if entry.fit])
        return DatasetSource(
            id=values.line_of_text(element.get("id")),
            file=file,
            path=self._existing(element, file),
            line=values.line_of(element),
            select=values.line_of_text(element.get("select")),
            relative_weight=_weight(element),
            properties=properties,
            absolute=self._absolute_weights(element, properties) if self._absolute else None,
        )

    def _property(self, element: etree._Element) -> FittedProperty:
        name = str(element.tag)
        given = values.number(element.get("tolerance")) * _UNITS.get(name, 1.0)
        tolerance = given if "tolerance" in element.attrib else _TOLERANCES[name]
        return FittedProperty(
            name=name,
            fit=values.boolean(element.get("fit"), False),
            relative_weight=_weight(element),
            tolerance=1.0 if self._absolute else tolerance,
        )

    def _existing(self, element: etree._Element, file: str) -> str:
        path = self._folder / file
        if file and not path.is_file():
            names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            alike = nearest(path.name, names)
            self._faults.add(
                element, "no such file", quoted(file), nearest=alike and str(Path(file).with_name(alike))
            )
        return str(path)

    def _absolute_weights(
        self, element: etree._Element, properties: Sequence[FittedProperty]
    ) -> AbsoluteWeights:
        fitted = {entry.name for entry in properties if entry.fit}
        for attribute, names in _WEIGHTED.items():
            if values.number(element.get(attribute), 0.0) > 0 and not fitted.intersection(names):
                allowed = " or ".join(f'<{name} fit="true"/>' for name in names)
                self._faults.add(element, f"{attribute} without a fitted property", allowed=f"with {allowed}")
        return AbsoluteWeights(
            energy=values.number(element.get("energy-weight"), 1.0),
            forces=values.number(element.get("forces-weight"), 1.0),
            stress=values.number(element.get("stress-weight"), 0.0),
            normalize_by_natoms=values.boolean(element.get("normalize-by-natoms"), False),
        )

    def _check_weights(self, element: etree._Element, fitted: Sequence[float]) -> None:
        """Refuse siblings whose relative weights add up to nothing: they cannot be normalised."""
        if not self._absolute and fitted and math.fsum(fitted) == 0:
            self._faults.add(
                element, f"all relative weights inside <{element.tag}> are 0", allowed="one above 0"
            )


def _weight(element: etree._Element) -> float:
    return values.number(element.get("relative-weight"), 1.0)


def _fits(node: Group | DatasetSource | Structure | DerivedProperty) -> bool:
    """Return whether anything below a node of the job's tree enters the objective."""
    if isinstance(node, Group):
        return any(_fits(child) for child in node.children)
    return any(entry.fit for entry in node.properties)
