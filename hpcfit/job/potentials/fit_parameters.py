"""Fit parameters: whether a parameter is fitted, its bounds, transform and prior."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.values import Faults
from hpcfit.records import Parameter


class FitParameters:
    """Creates the parameters of a job from values and entries of ``<fit-dof>``.

    Parameters
    ----------
    dependents
        The expressions of dependent parameters by path.
    faults
        Collects the faults.
    """

    def __init__(self, dependents: Mapping[str, str], faults: Faults) -> None:
        self._dependents = dependents
        self._faults = faults

    def depends(self, path: str) -> bool:
        """Return whether a parameter's value is an expression."""
        return path in self._dependents

    def parameter(self, path: str, unit: str, start: float, degree: etree._Element | None) -> Parameter:
        """Return a parameter; a start value in its ``<fit-dof>`` entry takes precedence."""
        constraint = self._dependents.get(path, "")
        if degree is None:
            return Parameter(path, unit, start, -math.inf, math.inf, False, constraint=constraint)
        start = values.number(degree.get("start"), start)
        minimum, maximum = bounds(degree)
        transform = values.line_of_text(degree.get("transform"))
        if constraint:
            self._refuse_on_dependent(path, degree)
            transform = ""
        elif minimum <= maximum:
            self._check_start(path, start, degree)
        free = values.boolean(degree.get("enabled"), True) and not constraint
        mean, sigma = self._prior(path, degree, free)
        return Parameter(path, unit, start, minimum, maximum, free, transform, constraint, mean, sigma)

    def _prior(self, path: str, degree: etree._Element, free: bool) -> tuple[float, float]:
        """Return mean and standard deviation of a parameter's prior."""
        prior = degree.find("prior")
        if prior is None:
            return 0.0, math.inf
        if not free:
            self._faults.add(prior, f"prior of {path} has no effect: it is not free")
        return values.number(prior.get("mean")), values.number(prior.get("sigma"))

    def check(self, degree: etree._Element) -> None:
        """Report faults of a ``<fit-dof>`` entry that do not depend on the parameter."""
        minimum, maximum = bounds(degree)
        if minimum > maximum:
            self._faults.add(degree, f"min of <{degree.tag}> above max", f"{minimum}", f"at most {maximum}")
        if values.line_of_text(degree.get("transform")) == "logit":
            missing = [name for name in ("min", "max") if name not in degree.attrib]
            if missing:
                what = f"transform of <{degree.tag}> lacks bounds"
                self._faults.add(degree, what, "logit", f"with {' and '.join(missing)}")

    def _check_start(self, path: str, start: float, degree: etree._Element) -> None:
        """Report a start outside the bounds or the domain of the transform."""
        minimum, maximum = bounds(degree)
        transform = values.line_of_text(degree.get("transform"))
        if start < minimum or start > maximum:
            allowed = f"{minimum} .. {maximum}"
            self._faults.add(degree, f"bounds exclude the start of {path}", f"{start}", allowed)
        elif transform == "log" and start <= 0:
            self._faults.add(degree, f"start of {path} has no logarithm", f"{start}", "above 0")
        elif transform == "logit" and start in (minimum, maximum):
            allowed = f"inside {minimum} .. {maximum}"
            self._faults.add(degree, f"start of {path} has no logit", f"{start}", allowed)

    def _refuse_on_dependent(self, path: str, degree: etree._Element) -> None:
        for name in ("start", "min", "max", "transform"):
            if name in degree.attrib:
                self._faults.add(degree, f"{name} of {path} has no effect: a constraint gives its value")


def bounds(degree: etree._Element) -> tuple[float, float]:
    """Return the bounds of a ``<fit-dof>`` entry, infinite by default."""
    return values.number(degree.get("min"), -math.inf), values.number(degree.get("max"), math.inf)
