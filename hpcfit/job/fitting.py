"""The ``<fitting>`` of a job: how often to store and to report, and the settings of its one minimiser."""

from __future__ import annotations

import dataclasses
from typing import Any

from lxml import etree

from hpcfit.job import values
from hpcfit.job.minimisers import minimiser_element, read_nlopt, read_scipy
from hpcfit.job.values import Faults
from hpcfit.records import Fitting, GeodesicOptions, Minimiser, SpaOptions


def read_fitting(element: etree._Element | None, faults: Faults) -> Fitting | None:
    """Return the settings of the fit, None where there is none or it is not enabled."""
    if element is None:
        return None
    solver = _minimiser(element, faults)
    if not values.boolean(element.get("enabled"), True):
        return None
    blocks, interval = element.get("blocks"), element.get("output-interval")
    return Fitting(
        solver=solver,
        blocks=None if blocks is None else values.whole(blocks, 1),
        checkpoint_interval=values.whole(element.get("checkpoint-interval"), 1),
        output_interval=None if interval is None else values.whole(interval, 1),
        assembly=values.line_of_text(element.get("assembly"), "tsqr"),
    )


def _minimiser(parent: etree._Element, faults: Faults) -> Minimiser:
    """Return the settings of the minimiser inside an element, geodesic Levenberg-Marquardt where there is none."""
    element = minimiser_element(parent)
    if element is None or element.tag == "geodesic-lm":
        return _geodesic(element, faults)
    if element.tag == "spa":
        trials, seed = values.whole(element.get("max-iter"), 100), values.whole(element.get("seed"), 0)
        return SpaOptions(_minimiser(element, faults), trials, seed)
    return read_nlopt(element, faults) if element.tag == "nlopt" else read_scipy(element, faults)


#: Attributes that only some values of another attribute give a meaning: attribute, the other, those values.
_MEANINGFUL = (
    ("initial-radius", "damping", ("radius",)),
    ("radius-up", "damping", ("radius",)),
    ("radius-down", "damping", ("radius",)),
    ("initial-damping", "damping", ("delayed-gratification", "nielsen", "umrigar-nightingale")),
    ("damping-up", "damping", ("delayed-gratification",)),
    ("damping-down", "damping", ("delayed-gratification",)),
    ("alpha", "acceleration", ("true",)),
    ("second-derivative", "acceleration", ("true",)),
    ("h", "acceleration", ("true",)),
    ("h", "second-derivative", ("auto", "difference")),
    ("bold", "acceleration", ("true",)),
    ("restart", "scaling", ("running-maximum",)),
)


def _geodesic(element: etree._Element | None, faults: Faults) -> GeodesicOptions:
    options = GeodesicOptions()
    if element is None:
        return options
    given = {
        field.name: _value(element.get(field.name.replace("_", "-")), getattr(options, field.name))
        for field in dataclasses.fields(options)
    }
    # Delayed gratification: damping that falls more slowly than it rises creeps along canyons.
    if given["damping_down"] <= given["damping_up"]:
        faults.add(
            element,
            "damping-down not larger than damping-up",
            f"{given['damping_down']}",
            f"above {given['damping_up']}",
        )
    for name, other, meanings in _MEANINGFUL:
        found = given[other.replace("-", "_")]
        text = str(found).lower()
        if name in element.attrib and text not in meanings:
            faults.add(element, f"{name} has no effect", f'{other}="{text}"', " or ".join(meanings))
    return dataclasses.replace(options, **given)


def _value(text: str | None, default: Any) -> Any:
    """Return what is written, as the type of its default."""
    if isinstance(default, bool):
        return values.boolean(text, default)
    if isinstance(default, str):
        return values.line_of_text(text, default)
    return (values.whole if isinstance(default, int) else values.number)(text, default)
