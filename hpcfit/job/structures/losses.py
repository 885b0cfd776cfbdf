"""KLIFF's loss in a job: the ``<residual-function>`` and ``<weight>`` of a dataset with ``weights="absolute"``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from lxml import etree

from hpcfit.errors import Fault, InputError, nearest
from hpcfit.input_files import read_text
from hpcfit.job.document import values
from hpcfit.job.document.text_file import alike
from hpcfit.job.document.values import quoted
from hpcfit.job.structures.scope import Scope
from hpcfit.records import (
    BUILT_IN_RESIDUALS,
    AbsoluteWeights,
    FittedProperty,
    MagnitudeInverse,
    ResidualFile,
    WeightTable,
)

#: Elements of a dataset that require absolute weights.
ABSOLUTE_ELEMENTS = ("residual-function", "weight")

#: Absolute weights, and the properties of which at least one must be fitted.
WEIGHTED = {
    "energy-weight": ("total-energy", "atomic-energy"),
    "forces-weight": ("atomic-forces",),
    "stress-weight": ("stress",),
}

_COLUMNS = ("config", "energy", "forces", "stress")


def built_in_properties(element: etree._Element, scope: Scope) -> tuple[FittedProperty, ...] | None:
    """Return the properties that a dataset's built-in residual function fits, None without such a function."""
    function, block = element.find("residual-function"), element.find("properties")
    if function is None or "file" in function.attrib:
        if block is None:
            allowed = "<properties>, or <residual-function> with one of " + ", ".join(BUILT_IN_RESIDUALS)
            scope.faults.add(element, "missing element in <dataset>", allowed=allowed)
        return None
    if block is not None:
        what = "<properties> besides a built-in <residual-function>, which determines the fitted properties"
        scope.faults.add(block, what)
    name = values.line_of_text(function.get("name"))
    if name not in BUILT_IN_RESIDUALS:
        near = nearest(name, BUILT_IN_RESIDUALS)
        allowed = ", ".join(BUILT_IN_RESIDUALS) + ", or with file, a function in it"
        scope.faults.add(function, "unknown residual function", quoted(name), allowed, near)
        return ()
    return tuple(FittedProperty(entry, True, 1.0, 1.0) for entry in BUILT_IN_RESIDUALS[name])


def read_absolute(
    element: etree._Element, properties: Sequence[FittedProperty], scope: Scope
) -> AbsoluteWeights:
    """Return the weights of a dataset and its residual function."""
    function, weight = element.find("residual-function"), element.find("weight")
    for child in element.iterchildren(*ABSOLUTE_ELEMENTS):
        for name in sorted(name for name in _said(child) if name in element.attrib):
            scope.faults.add(child, f"{name} twice", f"in <{child.tag}> and in <dataset>")
    _check_effect(element, weight, properties, scope)
    normalize = element.get("normalize-by-natoms")
    if function is not None and normalize is None:
        normalize = function.get("normalize-by-natoms", "true")
    return AbsoluteWeights(
        energy=_constant(element, weight, "energy", 1.0, scope),
        forces=_constant(element, weight, "forces", 1.0, scope),
        stress=_constant(element, weight, "stress", 0.0 if function is None else 1.0, scope),
        normalize_by_natoms=values.boolean(normalize, False),
        config=1.0 if weight is None else values.number(weight.get("config"), 1.0),
        table=None if weight is None else _table(weight, scope),
        inverse=None if weight is None else _inverse(weight),
        function=None if function is None or "file" not in function.attrib else _file(function, scope),
    )


def _said(child: etree._Element) -> list[str]:
    """Return the attributes of a dataset that duplicate those of its child."""
    names = [str(name) for name in child.attrib]
    if child.tag == "weight":
        return [f"{name.removesuffix('-tolerance')}-weight" for name in names]
    return [name for name in names if name == "normalize-by-natoms"]


def _check_effect(
    element: etree._Element, weight: etree._Element | None, properties: Sequence[FittedProperty], scope: Scope
) -> None:
    fitted = {entry.name for entry in properties if entry.fit}
    for attribute, names in WEIGHTED.items():
        kind = attribute.removesuffix("-weight")
        given = values.number(element.get(attribute), 0.0)
        if weight is not None:
            given = max(given, values.number(weight.get(kind), 0.0))
            given = max(given, values.number(weight.get(f"{kind}-tolerance"), 0.0))
        if fitted.intersection(names):
            continue
        allowed = "with " + " or ".join(f'<{name} fit="true"/>' for name in names)
        if given > 0:
            scope.faults.add(element, f"{attribute} without a fitted property", allowed=allowed)
        for law in element.iterfind("weight/magnitude-inverse"):
            for name in (name for name in map(str, law.attrib) if name.startswith(kind)):
                scope.faults.add(law, f"{name} without a fitted property", allowed=allowed)


def _constant(
    element: etree._Element, weight: etree._Element | None, kind: str, default: float, scope: Scope
) -> float:
    if weight is not None and f"{kind}-tolerance" in weight.attrib:
        if kind in weight.attrib:
            scope.faults.add(weight, f"{kind} and {kind}-tolerance, which is its inverse")
        tolerance = values.number(weight.get(f"{kind}-tolerance"))
        return 1.0 / tolerance if tolerance > 0 else math.nan
    own = None if weight is None else weight.get(kind)
    return values.number(own or element.get(f"{kind}-weight"), default)


def _inverse(weight: etree._Element) -> MagnitudeInverse | None:
    element = weight.find("magnitude-inverse")
    if element is None:
        return None

    def pair(kind: str) -> tuple[float, float]:
        return values.number(element.get(f"{kind}-c1"), 1.0), values.number(element.get(f"{kind}-c2"), 0.0)

    return MagnitudeInverse(pair("energy"), pair("forces"), pair("stress"))


def _file(function: etree._Element, scope: Scope) -> ResidualFile:
    file, name = values.line_of_text(function.get("file")), values.line_of_text(function.get("name"))
    path = scope.folder / file
    if scope.in_memory:
        return ResidualFile(name, file, str(path), "")
    if not scope.allow_python:
        scope.faults.add(function, "residual function in a Python file", quoted(file), "with --allow-python")
        return ResidualFile(name, file, str(path), "")
    try:
        return ResidualFile(name, file, str(path), read_text(path))
    except (OSError, UnicodeDecodeError) as error:
        scope.faults.add(function, _unreadable(error), quoted(file), nearest=alike(path))
        return ResidualFile(name, file, str(path), "")


def _table(weight: etree._Element, scope: Scope) -> WeightTable | None:
    file = values.line_of_text(weight.get("file"))
    if not file:
        return None
    path = scope.folder / file
    try:
        return read_weight_table(read_text(path), file)
    except (OSError, UnicodeDecodeError) as error:
        scope.faults.add(weight, _unreadable(error), quoted(file), nearest=alike(path))
    except InputError as error:
        for fault in error.faults:
            scope.faults.add_of_file(weight, fault)
    return None


def read_weight_table(text: str, where: str) -> WeightTable:
    """Return the table in a text: a line of names (config, energy, forces, stress, in any case), then numbers.

    One line of numbers is for all configurations, or there is one for each.

    Parameters
    ----------
    text
        Content of the file; empty lines and lines that begin with ``#`` are skipped.
    where
        Name of the file in errors.

    Raises
    ------
    InputError
        With every faulty line.
    """
    lines = [(n, line.split()) for n, line in enumerate(text.splitlines(), start=1)]
    lines = [(n, cells) for n, cells in lines if cells and not cells[0].startswith("#")]
    if len(lines) < 2:
        raise InputError([Fault(where, "no table of weights", allowed="a line of names, lines of numbers")])
    (head, names), *rows = lines
    names = [name.lower() for name in names]
    unknown = [name for name in names if name not in _COLUMNS or names.count(name) > 1]
    if unknown:
        what, allowed = "unknown or repeated column of weights", ", ".join(_COLUMNS)
        raise InputError([Fault(f"{where}:{head}", what, unknown[0], allowed, nearest(unknown[0], _COLUMNS))])
    faults, numbers = [], []
    for n, cells in rows:
        found = [values.number(cell) for cell in cells]
        if len(found) != len(names) or not all(math.isfinite(value) and value >= 0 for value in found):
            allowed = f"{len(names)} numbers not below 0"
            faults.append(Fault(f"{where}:{n}", "not a line of weights", " ".join(cells), allowed))
        numbers.append(found)
    if faults:
        raise InputError(faults)
    columns = dict(zip(names, np.array(numbers, dtype=np.float64).T, strict=True))
    return WeightTable(**{name: columns.get(name) for name in _COLUMNS})


def _unreadable(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}"
