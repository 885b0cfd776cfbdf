"""The minimisers of SciPy and NLopt in a job: their attributes, and whether they suit the free parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job import values
from hpcfit.job.values import Faults, quoted
from hpcfit.records import (
    NLOPT_METHODS,
    SCIPY_METHODS,
    SCIPY_OPTIONS,
    Box,
    GeodesicOptions,
    MethodForm,
    Minimiser,
    NloptOptions,
    Parameter,
    ScipyOptions,
    SpaOptions,
    Uses,
    Value,
)

_TAGS = ("geodesic-lm", "BFGS", "scipy", "nlopt", "spa")

#: atomicrex's threshold counts in these.
_MACHINE_PRECISION = 2.0**-52

#: atomicrex's defaults.
_THRESHOLD, _ITERATIONS = 1e-5, 100

#: Evaluations that an iteration of L-BFGS-B's line search can take.
_LINE_SEARCH = 20

_WHOLE = ("count", "seed")

_RADII = (("initial_trust_radius", 1.0, "max_trust_radius", 1000.0), ("eta", 0.15, "", 0.25))
_WOLFE = (("c1", 1e-4, "c2", 0.9),)

#: What SciPy refuses: an option, its default, and the option with its default, or the number, that it must be below.
_BELOW: dict[str, tuple[tuple[str, float, str, float], ...]] = {
    "BFGS": _WOLFE,
    "CG": (("c1", 1e-4, "c2", 0.4),),
    "COBYLA": (("tol", 1e-4, "rhobeg", 1.0),),
    "COBYQA": (("final_tr_radius", 1e-6, "initial_tr_radius", 1.0),),
    "Newton-CG": _WOLFE,
    "differential_evolution": (("mutation", 0.5, "", 2.0),),
    "dogleg": _RADII,
    "trust-exact": _RADII,
    "trust-krylov": _RADII,
    "trust-ncg": _RADII,
}


def minimiser_element(parent: etree._Element) -> etree._Element | None:
    """Return the minimiser inside an element, None where there is none."""
    return next((child for child in parent if child.tag in _TAGS), None)


def read_scipy(element: etree._Element, faults: Faults) -> ScipyOptions:
    """Return the settings of a ``<scipy>`` or ``<BFGS>``."""
    if element.tag == "BFGS":
        threshold, n = _bfgs(element, faults)
        # atomicrex knows no rule for the gradient.
        stops = ("ftol", threshold), ("gtol", 0.0), ("maxfun", _LINE_SEARCH * n), ("maxiter", n)
        return ScipyOptions("L-BFGS-B", stops)
    form = SCIPY_METHODS.get(values.line_of_text(element.get("method")))
    if form is None:
        return ScipyOptions("", ())
    given = {str(name): str(text) for name, text in element.attrib.items() if name in SCIPY_OPTIONS}
    for name in given:
        if name not in form.options:
            faults.add(
                element,
                f"option not known to {form.name} in <scipy>",
                name,
                ", ".join(form.options),
                nearest(name, form.options),
            )
    options = {name: _value(name, text) for name, text in given.items()}
    _check_values(element, form, options, faults)
    inner = minimiser_element(element)
    _check_nesting(element, inner, form, faults)
    local = None if inner is None else read_scipy(inner, faults)
    return ScipyOptions(form.name, tuple(sorted(options.items())), local)


def read_nlopt(element: etree._Element, faults: Faults) -> NloptOptions:
    """Return the settings of an ``<nlopt>``, or of a ``<BFGS>`` inside one, for which NLopt has its own.

    Its tolerance is kept above rounding: a line search that fails there ends the method around it too.
    """
    if element.tag == "BFGS":
        threshold, n = _bfgs(element, faults)
        return NloptOptions(
            "LD_LBFGS", maxeval=n, ftol_rel=max(threshold, NloptOptions.ftol_rel), xtol_rel=0.0
        )
    inner = minimiser_element(element)
    form = NLOPT_METHODS.get(values.line_of_text(element.get("algorithm")))
    if form is not None:
        _check_nesting(element, inner, form, faults)
        if form.nests and inner is None:
            faults.add(
                element, f"missing element in <nlopt>, {form.name} nests one", allowed="<BFGS>, <nlopt>"
            )
    default = NloptOptions("")
    stop, time = element.get("stopval"), element.get("maxtime")
    return NloptOptions(
        method=form.name if form else "",
        stopval=None if stop is None else values.number(stop),
        maxeval=values.whole(element.get("maxeval"), default.maxeval),
        maxtime=None if time is None else values.number(time),
        ftol_rel=values.number(element.get("ftol_rel"), default.ftol_rel),
        ftol_abs=values.number(element.get("ftol_abs"), default.ftol_abs),
        xtol_rel=values.number(element.get("xtol_rel"), default.xtol_rel),
        seed=values.whole(element.get("seed"), default.seed),
        local=None if inner is None else read_nlopt(inner, faults),
    )


def _bfgs(element: etree._Element, faults: Faults) -> tuple[float, int]:
    """Return the relative decrease that is small enough, and the limit of iterations."""
    if element.get("gradient-epsilon") is not None:
        faults.warn(element, "gradient-epsilon has no effect, the gradient is exact")
    threshold = values.number(element.get("conv-threshold"), _THRESHOLD) * _MACHINE_PRECISION
    return threshold, values.whole(element.get("max-iter"), _ITERATIONS)


def _value(name: str, text: str) -> int | float | str:
    kind = SCIPY_OPTIONS[name]
    if isinstance(kind, tuple):
        return values.line_of_text(text)
    if kind == "boolean":
        return values.boolean(text, False)
    return values.whole(text, 0) if kind in _WHOLE else values.number(text)


def _check_values(
    element: etree._Element, form: MethodForm, options: Mapping[str, Value], faults: Faults
) -> None:
    """Note values that SciPy would refuse when the fit starts."""
    for first, default, second, limit in _BELOW.get(form.name, ()):
        small, large = float(options.get(first, default)), float(options.get(second, limit))
        if small >= large:
            allowed = f"below {large:g}" + (f", {second}" if second else "")
            faults.add(element, f"{first} of {form.name} too large", f"{small:g}", allowed)
    for name in ("ftol", "xtol", "gtol") if form.uses is Uses.RESIDUALS else ():
        if float(options.get(name, 1.0)) < _MACHINE_PRECISION:
            faults.add(
                element, f"{name} of {form.name} below rounding", f"{options[name]:g}", "at least 2.3e-16"
            )


def _check_nesting(
    element: etree._Element, inner: etree._Element | None, form: MethodForm, faults: Faults
) -> None:
    if inner is None:
        return
    if not form.nests:
        faults.add(
            inner, f"element not allowed in <{element.tag}>, {form.name} nests none", f"<{inner.tag}>", "none"
        )
        return
    known = SCIPY_METHODS if element.tag == "scipy" else NLOPT_METHODS
    name = values.line_of_text(inner.get("method") or inner.get("algorithm"))
    local = [other.name for other in known.values() if _is_local(other)]
    if name in known and name not in local:
        faults.add(
            inner, f"not a local minimiser with bounds for {form.name}", quoted(name), ", ".join(local)
        )


def _is_local(form: MethodForm) -> bool:
    return not form.is_global and form.box is Box.TAKEN and form.uses is not Uses.RESIDUALS


def check_minimiser(
    fitting: etree._Element | None, solver: Minimiser, free: Sequence[Parameter], faults: Faults
) -> None:
    """Note what keeps a minimiser from varying the free parameters: bounds that it needs, or does not know."""
    element = None if fitting is None else minimiser_element(fitting)
    if element is None or isinstance(solver, GeodesicOptions):
        return
    boxes = [_box(parameter) for parameter in free]
    if isinstance(solver, SpaOptions):
        _check_whole_box("spa", element, free, boxes, faults)
        check_minimiser(element, solver.local, free, faults)
        return
    known = SCIPY_METHODS if isinstance(solver, ScipyOptions) else NLOPT_METHODS
    form = known[solver.method]
    if form.box is Box.NEEDED:
        _check_whole_box(form.name, element, free, boxes, faults)
    bounded = [
        p for p, (low, high) in zip(free, boxes, strict=True) if math.isfinite(low) or math.isfinite(high)
    ]
    if form.box is Box.NONE and bounded:
        allowed = ", ".join(other.name for other in known.values() if _replaces(other, form))
        faults.add(element, f"{form.name} knows no bounds", f"those of {_some(bounded)}", allowed)
    for parameter, (low, high) in zip(free, boxes, strict=True):
        if low == high:
            faults.add(
                element, f"{form.name} cannot vary {parameter.path}", f"min = max = {parameter.minimum:g}"
            )
    if len(free) < form.least:
        faults.add(
            element, f"{form.name} has too few free parameters", f"{len(free)}", f"at least {form.least}"
        )


def _box(parameter: Parameter) -> tuple[float, float]:
    """Return the job's bounds of what the solver varies."""
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
    lacking = [
        p
        for p, (low, high) in zip(free, boxes, strict=True)
        if not (math.isfinite(low) and math.isfinite(high))
    ]
    if lacking:
        allowed = "min and max of every free parameter, none with logit, with log a min above 0"
        faults.add(element, f"{name} searches in bounds", f"none of {_some(lacking)}", allowed)


def _replaces(other: MethodForm, form: MethodForm) -> bool:
    return (
        other.box is Box.TAKEN
        and not other.is_global
        and (other.uses is form.uses or form.uses is Uses.CURVATURE)
    )


def _some(parameters: Sequence[Parameter]) -> str:
    paths = [parameter.path for parameter in parameters]
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
