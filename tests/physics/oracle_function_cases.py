"""For every function that a job may name, an embedded-atom potential of one species in which it plays a part.

Functions of the distance are the pair's, those of the density embed. What does not vanish at its cut-off is screened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcfit.records import Function, Parameter
from tests.physics.oracle_forms import REFERENCES, spline

CUTOFF = 5.0
KNOTS = (2.0, 2.3, 2.9, 3.4, 4.0, 4.8)
VALUES_AT_KNOTS = (0.9, 0.3, -0.2, -0.3, -0.1, 0.05)
WIDE_KNOTS = (-1.0, -0.5, 12.0, 13.0)


@dataclass(frozen=True)
class FunctionCase:
    """A function, in NumPy of x, the cut-off and all parameters, and what the tests must know of it."""

    role: str
    record: Function
    reference: Callable[..., Any]
    kinks: tuple[float, ...] = ()  #: distances at which high derivatives jump
    moving: tuple[str, ...] = ()  #: parameters that move kinks
    shifts: tuple[str, ...] = ()  #: parameters that no force depends on
    density: float = 1.0  #: factor of the sample's densities


def _function(form: str, own: dict[str, float], cutoff: float = CUTOFF, **more: Any) -> Function:
    parameters = tuple(Parameter(f"P.{form}.{n}", "", v, -np.inf, np.inf, True) for n, v in own.items())
    return Function(form, form, tuple(own), parameters, variable="x", cutoff=cutoff, **more)


def _formula(text: str, cutoff: float = CUTOFF, **values: float) -> Function:
    return _function("user-function", values, cutoff, formula=text)


def _screened(form: str, own: dict[str, float], reference: Callable[..., Any], **more: Any) -> FunctionCase:
    """Return a function of the distance times exp(q / (x - cutoff))."""
    record = _function(form, own, screening=_formula("exp(q/(x-cutoff))", q=1.1), **more)
    return FunctionCase(
        "pair-interaction",
        record,
        lambda x, c, *p: reference(x, c, *p[:-1]) * np.exp(p[-1] / (x - c)),
        kinks=more.get("knots", KNOTS if "children" in more else ()),
    )


def _built_in(name: str) -> FunctionCase:
    reference = REFERENCES[name]
    values = {**reference.parameters, **reference.sample}
    if reference.density is not None:
        record, role = _function(name, values, np.inf), "embedding-energy"
    elif reference.ends:
        record, role = _function(name, values), "pair-interaction"
    else:
        poly = " + ".join(f"{c}*x^{c[1:]}" for c in values) if name == "poly" else ""
        return _screened(name, values, reference.value, formula=poly)
    return FunctionCase(
        role,
        record,
        reference.value,
        kinks=tuple(reference.sample.values()),
        moving=reference.moving,
        shifts=reference.shifts,
        density=reference.density or 1.0,
    )


def _clamped(x: Any, *p: Any) -> Any:
    return spline(x, KNOTS, np.array(p[:-2]), p[-2:])


def _table(x: Any, knots: tuple[float, ...], y: tuple[float, ...]) -> Any:
    return spline(x, knots, np.array(y, dtype=np.longdouble), None)


_SPLINE = dict(
    zip(
        [*(f"node[{k}].y" for k in range(len(KNOTS))), "derivative-left", "derivative-right"],
        (*VALUES_AT_KNOTS, -1.0, 0.1),
        strict=True,
    )
)
_CHILD = _function("spline", _SPLINE, knots=KNOTS)
_DECAY = _formula("A*exp(-b*x)", A=3.0, b=0.7)
_TABLE = _function("tabulated", {}, knots=KNOTS, values=VALUES_AT_KNOTS, ends="natural")
_WIDE = _function(
    "tabulated",
    {},
    np.inf,
    knots=WIDE_KNOTS,
    values=(0.2, 0.5, -1.0, 0.3),
    ends="clamped",
    slopes=(0.3, -0.2),
)

_JOINED = {
    "user-function": _screened(
        "user-function", {"A": 0.9, "s": 2.4}, lambda x, c, A, s: A * (s / x) ** 3, formula="A*(s/x)^3"
    ),
    "spline": _screened("spline", _SPLINE, lambda x, c, *p: _clamped(x, *p), knots=KNOTS),
    "tabulated": _screened(
        "tabulated",
        {},
        lambda x, c: _table(x, KNOTS, VALUES_AT_KNOTS),
        knots=KNOTS,
        values=VALUES_AT_KNOTS,
        ends="natural",
    ),
    "sum": _screened(
        "sum",
        {},
        lambda x, c, *p: (
            _clamped(x, *p[:-2]) + p[-2] * np.exp(-p[-1] * x) + _table(x, KNOTS, VALUES_AT_KNOTS)
        ),
        children=(_CHILD, _DECAY, _TABLE),
    ),
    "product": _screened(
        "product",
        {},
        lambda x, c, *p: (
            _clamped(x, *p[:-2]) * p[-2] * np.exp(-p[-1] * x) * _table(x, KNOTS, VALUES_AT_KNOTS)
        ),
        children=(_CHILD, _DECAY, _TABLE),
    ),
    "product of the density": FunctionCase(
        "embedding-energy",
        _function("product", {}, np.inf, children=(_WIDE, _formula("D*sqrt(x + s)", np.inf, D=0.8, s=0.3))),
        lambda x, c, D, s: (
            spline(x, WIDE_KNOTS, np.array((0.2, 0.5, -1.0, 0.3), dtype=np.longdouble), (0.3, -0.2))
            * (D * np.sqrt(x + s))
        ),
    ),
}

#: By the names that stand in for those of potentials.
FUNCTION_CASES = {f"{name} in eam": _built_in(name) for name in REFERENCES} | {
    f"{name} in eam": case for name, case in _JOINED.items()
}
