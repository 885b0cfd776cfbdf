"""Minimisers in a job: their attributes, and their requirements on the free parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.values import Faults, quoted
from hpcfit.records import (
    LIMITS,
    Box,
    GeodesicOptions,
    MethodForm,
    Minimiser,
    MinimiserForm,
    OptionForm,
    Parameter,
    Uses,
)


class Minimisers:
    """Reads and checks the minimisers of a job.

    Parameters
    ----------
    forms
        The minimisers that a job may name.
    faults
        Collects the faults.
    """

    def __init__(self, forms: Sequence[MinimiserForm], faults: Faults) -> None:
        self._forms = {form.name: form for form in forms}
        self._faults = faults

    def read(self, parent: etree._Element) -> Minimiser:
        """Return the settings of the minimiser in an element; geodesic Levenberg-Marquardt by default."""
        element = _first(parent, self._forms)
        settings: Minimiser = GeodesicOptions() if element is None else self._settings(element)
        return settings

    def _settings(self, element: etree._Element) -> Any:
        form, faults = self._forms[str(element.tag)], self._faults
        name = values.line_of_text(element.get(form.selector)) if form.selector else ""
        method = form.method(name)
        for option, reason in form.without_effect.items():
            if option in element.attrib:
                faults.warn(element, f"{option} has no effect, {reason}")
        given = {
            option.name: _value(option, element.get(option.name))
            for option in form.options
            if option.name in element.attrib
        }
        if method is not None and method.options:
            known = (*method.options, *LIMITS)
            for option in [option for option in given if option not in known]:
                what, near = f"option not known to {name} in <{form.name}>", nearest(option, known)
                faults.add(element, what, option, ", ".join(known), near)
        for fault in form.check(method, given):
            faults.add(element, *fault)
        self._check_effects(element, form.options, given)
        inner = _first(element, self._forms if form.wraps else form.inside)
        if method is not None:
            self._check_nesting(element, inner, form, method)
        if inner is not None and not form.wraps:
            self._check_inner_limits(inner, form)
        local = None if inner is None else self._settings(inner)
        return form.read("" if method is None else name, given, local)

    def _check_effects(
        self, element: etree._Element, options: Sequence[OptionForm], given: Mapping[str, Any]
    ) -> None:
        """Report options that have no effect because of the values of other options."""
        defaults = {option.name: option.default for option in options}
        for option in options:
            for other, meanings in option.needs if option.name in given else ():
                text = str(given.get(other, defaults[other])).lower()
                if text not in meanings:
                    what = f"{option.name} has no effect"
                    self._faults.add(element, what, f'{other}="{text}"', " or ".join(meanings))

    def _check_inner_limits(self, inner: etree._Element, form: MinimiserForm) -> None:
        """Report limits of a nested minimiser that the library cannot keep."""
        for limit in LIMITS:
            if limit not in inner.attrib or limit in form.inside_limits:
                continue
            if inner.tag == "BFGS" and limit == "max-iter":
                self._faults.warn(inner, f"max-iter counts evaluations inside <{form.name}>")
            else:
                what, allowed = f"no {limit} inside <{form.name}>", ", ".join(form.inside_limits)
                self._faults.add(inner, what, f'{limit}="{inner.get(limit)}"', allowed)

    def _check_nesting(
        self,
        element: etree._Element,
        inner: etree._Element | None,
        form: MinimiserForm,
        method: MethodForm,
    ) -> None:
        if inner is None:
            if method.nests and form.inside_required:
                allowed = ", ".join(sorted(f"<{tag}>" for tag in form.inside))
                what = f"missing element in <{form.name}>, {method.name} needs a nested minimiser"
                self._faults.add(element, what, allowed=allowed)
            return
        if not method.nests:
            what = f"element not allowed in <{form.name}>, {method.name} takes no nested minimiser"
            self._faults.add(inner, what, f"<{inner.tag}>", "none")
            return
        known = self._forms[str(inner.tag)]
        inside = known.method(values.line_of_text(inner.get(known.selector))) if known.selector else None
        if inside is not None and not inside.is_local:
            local = ", ".join(other.name for other in known.methods if other.is_local)
            what = f"not a local minimiser with bounds for {method.name}"
            self._faults.add(inner, what, quoted(inside.name), local)

    def check(self, parent: etree._Element | None, solver: Any, free: Sequence[Parameter]) -> None:
        """Report why a minimiser cannot vary the free parameters: it needs bounds, or does not support them."""
        element = None if parent is None else _first(parent, self._forms)
        if element is None:
            return
        form, faults = self._forms[str(element.tag)], self._faults
        boxes = [_box(parameter) for parameter in free]
        if form.wraps:
            _check_whole_box(form.name, element, free, boxes, faults)
            self.check(element, solver.local, free)
        if not form.methods:
            return
        method = form.method(solver.method)
        assert method is not None
        if method.box is Box.NEEDED:
            _check_whole_box(method.name, element, free, boxes, faults)
        bounded = [p for p, box in zip(free, boxes, strict=True) if any(map(math.isfinite, box))]
        if method.box is Box.NONE and bounded:
            allowed = ", ".join(other.name for other in form.methods if _replaces(other, method))
            faults.add(
                element, f"{method.name} does not support bounds", f"those of {_some(bounded)}", allowed
            )
        for parameter, (low, high) in zip(free, boxes, strict=True):
            if low == high:
                what = f"{method.name} cannot vary {parameter.path}"
                faults.add(element, what, f"min = max = {parameter.minimum:g}")
        if len(free) < method.least:
            what = f"{method.name} has too few free parameters"
            faults.add(element, what, f"{len(free)}", f"at least {method.least}")


def _first(parent: etree._Element, tags: Sequence[str] | Mapping[str, Any]) -> etree._Element | None:
    return next((child for child in parent if child.tag in tags), None)


def _value(option: OptionForm, text: str | None) -> Any:
    kind = option.allowed
    if kind == "boolean":
        return values.boolean(text, False)
    if kind in ("count", "seed") or isinstance(kind[0], int):
        return values.whole(text, 0)
    return values.line_of_text(text) if isinstance(kind, tuple) else values.number(text)


def _box(parameter: Parameter) -> tuple[float, float]:
    """Return the job's bounds of the solver's variable."""
    if parameter.transform == "logit":
        return -math.inf, math.inf
    low, high = parameter.minimum, parameter.maximum
    if parameter.transform == "log":
        return math.log(low) if low > 0 else -math.inf, math.log(high)
    return low, high


def _check_whole_box(
    name: str,
    element: etree._Element,
    free: Sequence[Parameter],
    boxes: Sequence[tuple[float, float]],
    faults: Faults,
) -> None:
    lacking = [p for p, box in zip(free, boxes, strict=True) if not all(map(math.isfinite, box))]
    if lacking:
        allowed = "min and max of every free parameter, none with logit, with log a min above 0"
        faults.add(element, f"{name} needs bounds", f"none for {_some(lacking)}", allowed)


def _replaces(other: MethodForm, method: MethodForm) -> bool:
    """Return whether a method can be suggested in place of one that does not support bounds."""
    return (
        other.box is Box.TAKEN
        and not other.is_global
        and (other.uses is method.uses or method.uses is Uses.CURVATURE)
    )


def _some(parameters: Sequence[Parameter]) -> str:
    paths = [parameter.path for parameter in parameters]
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
