"""The ``<dataset>`` elements of a job: configurations, fitted properties and weights."""

from __future__ import annotations

import os
from pathlib import Path

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.text_file import alike
from hpcfit.job.document.values import quoted
from hpcfit.job.structures.losses import built_in_properties, read_absolute
from hpcfit.job.structures.scope import Scope
from hpcfit.records import DatasetSource, FittedProperty
from hpcfit.units import GPA

#: Properties of configurations: their unit in the job, and its size in the code's units.
_PROPERTIES = {
    "total-energy": ("eV", 1.0),
    "atomic-energy": ("eV/atom", 1.0),
    "atomic-forces": ("eV/A", 1.0),
    "stress": ("GPa", GPA),
}


def read_dataset(element: etree._Element, absolute: bool, scope: Scope) -> DatasetSource:
    """Return a dataset; its file must exist but is not read."""
    file = values.line_of_text(element.get("file"))
    properties = built_in_properties(element, scope)
    if properties is None:
        listed = element.iterfind("properties/*")
        properties = tuple(_property(child, absolute, scope) for child in listed if child.tag in _PROPERTIES)
    return DatasetSource(
        id=values.line_of_text(element.get("id")),
        file=file,
        path=_existing(element, file, scope),
        line=values.line_of(element),
        select=values.line_of_text(element.get("select")),
        relative_weight=values.number(element.get("relative-weight"), 1.0),
        properties=properties,
        absolute=read_absolute(element, properties, scope) if absolute else None,
    )


def _property(element: etree._Element, absolute: bool, scope: Scope) -> FittedProperty:
    unit, size = _PROPERTIES[str(element.tag)]
    tolerance = values.number(element.get("tolerance"), scope.tolerances.default(unit)) * size
    return FittedProperty(
        name=str(element.tag),
        fit=values.boolean(element.get("fit"), False),
        relative_weight=values.number(element.get("relative-weight"), 1.0),
        tolerance=1.0 if absolute else tolerance,
    )


def _existing(element: etree._Element, file: str, scope: Scope) -> str:
    path = scope.folder / file
    if file and not scope.in_memory and not os.path.isfile(path):
        name = alike(path)
        near = name and str(Path(file).with_name(name))
        scope.faults.add(element, "no such file", quoted(file), nearest=near)
    return str(path)
