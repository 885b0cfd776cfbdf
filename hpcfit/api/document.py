"""The job document that is equivalent to a script."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from lxml import etree

from hpcfit.api.potential import Potential
from hpcfit.api.weights import Weight
from hpcfit.errors import Fault, InputError, nearest
from hpcfit.solver.minimisers import minimisers

_GEODESIC = ("geodesic-lm", "geodesiclm", "geodesic_lm")

#: Options of SciPy's methods that `Loss.minimize` takes as arguments of its own.
_NO_OPTIONS = ("disp", "verbose")


def job_text(
    name: str,
    potentials: Sequence[Potential],
    species: Sequence[str],
    dataset: etree._Element,
    minimiser: etree._Element,
    loss: Mapping[str, str],
) -> str:
    """Return a job with KLIFF's loss; `loss` holds the attributes of a robust loss."""
    root = etree.Element("job")
    etree.SubElement(root, "name").text = name
    types = etree.SubElement(root, "atom-types")
    for symbol in species:
        etree.SubElement(types, "species").text = symbol
    etree.SubElement(root, "fitting").append(minimiser)
    block = etree.SubElement(root, "potentials")
    for potential in potentials:
        block.append(potential.element)
    relations = [relation for potential in potentials for relation in potential.constraints]
    if relations:
        constraints = etree.SubElement(root, "parameter-constraints")
        for k, (dependent, expression) in enumerate(relations):
            child = etree.SubElement(constraints, "constraint", {"id": f"c{k}", "dependent-dof": dependent})
            etree.SubElement(child, "expression").text = expression
    robust = loss if loss != {"loss": "squares"} else {}
    etree.SubElement(root, "structures", {"weights": "absolute", **robust}).append(dataset)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def dataset_element(
    path: str, weight: Weight | None, function: etree._Element, used: tuple[bool, bool, bool]
) -> etree._Element:
    """Return a dataset; `used` tells whether energies, forces and stresses are fitted, `weight` is for all or None."""
    element = etree.Element("dataset", {"id": "data", "file": path})
    element.append(function)
    if weight is not None:
        kinds = ("config", "energy", "forces", "stress")
        # Weights of properties that are not fitted would have no effect.
        wanted = [kind for kind, is_used in zip(kinds, (True, *used), strict=True) if is_used]
        numbers = {kind: repr(float(getattr(weight, f"{kind}_weight"))) for kind in wanted}
        etree.SubElement(element, "weight", numbers)
    if "file" in function.attrib:
        properties = etree.SubElement(element, "properties")
        for name, is_used in zip(("total-energy", "atomic-forces", "stress"), used, strict=True):
            if is_used:
                etree.SubElement(properties, name, {"fit": "true"})
    return element


def built_in_element(name: str, data: Mapping[str, Any]) -> etree._Element:
    """Return a built-in residual function."""
    normalize = "true" if data["normalize_by_natoms"] else "false"
    return etree.Element("residual-function", {"name": name, "normalize-by-natoms": normalize})


def function_element(function: Callable[..., Any], data: Mapping[str, Any]) -> etree._Element:
    """Return a residual function of the user, by its origin."""
    try:
        file = os.path.relpath(inspect.getsourcefile(function) or "python")
    except (TypeError, OSError):
        file = "python"
    name = getattr(function, "__name__", type(function).__name__)
    element = etree.Element("residual-function", {"name": name, "file": file})
    if "normalize_by_natoms" in data:
        element.set("normalize-by-natoms", "true" if data["normalize_by_natoms"] else "false")
    return element


def minimiser_element(method: str, options: Mapping[str, Any], local: str = "") -> etree._Element:
    """Return the element of a minimiser.

    Parameters
    ----------
    method
        ``geodesic-lm``, or a method of SciPy or NLopt, in any case.
    options
        By their names in a job; ``geodesic-lm`` also takes ``_`` for ``-``.
    local
        The local method inside a global one.

    Raises
    ------
    InputError
        If the method is unknown, or a job cannot express an option.
    """
    _check_options(options)
    said = {key: value for key, value in options.items() if value is not None and key not in _NO_OPTIONS}
    method = str(method)
    if method.lower() in _GEODESIC:
        if local:
            raise InputError([Fault("minimize", "geodesic-lm takes no local method", local, "none")])
        element = etree.Element("geodesic-lm")
        said = {key.replace("_", "-"): value for key, value in said.items()}
    else:
        element = _of_library(method)
    for key, value in said.items():
        element.set(key, _text(value))
    if local:
        element.append(minimiser_element(local, {}))
    return element


def _check_options(options: Mapping[str, Any]) -> None:
    faults = []
    for key, value in options.items():
        if key == "bounds":
            faults.append(Fault("minimize", "bounds", repr(value), "those of Potential.fit"))
        elif value is not None and not isinstance(value, (str, Real, np.bool_)):
            faults.append(Fault("minimize", f"option {key}", repr(value), "a number, a word, True or False"))
    if faults:
        raise InputError(faults)


def _of_library(method: str) -> etree._Element:
    known = [(name.name, form) for form in minimisers() if form.selector for name in form.methods]
    for name, form in known:
        if method.lower().replace("_", "-") == name.lower().replace("_", "-"):
            return etree.Element(form.name, {form.selector: name})
    every = ["geodesic-lm", *(name for name, _ in known)]
    raise InputError([Fault("minimize", "unknown method", method, ", ".join(every), nearest(method, every))])


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return (
        repr(int(value)) if float(value).is_integer() and not isinstance(value, float) else repr(float(value))
    )
