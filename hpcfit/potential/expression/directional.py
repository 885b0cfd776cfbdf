"""The exact second derivative of a formula along a path of its parameters, by SymPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from hpcfit.potential.expression.symbolic import Inner, symbol

#: Names of the first and second derivative of a path at t = 0, the second empty if it is zero.
Rates = tuple[str, str]


def second_along(value: Any, paths: Mapping[str, Rates]) -> Any:
    """Return d2/dt2 at t = 0 of an expression whose names move as p(t) = p + p' t + p'' t^2 / 2.

    The chain rule traverses the expression once; a sum over pairs of names would do so for each pair.

    Parameters
    ----------
    value
        The expression.
    paths
        The names that move, with those of p' and p''.
    """
    t = sympy.Dummy("t", real=True)
    moved = {}
    for name, (first, second) in paths.items():
        moved[symbol(name)] = symbol(name) + t * symbol(first) + (t**2 / 2 * symbol(second) if second else 0)
    return sympy.diff(value.xreplace(moved), t, 2).xreplace({t: sympy.Integer(0)})


def slope_of(value: Any, variable: str, inner: Sequence[Inner]) -> Any:
    """Return the derivative of an expression by x, on which `inner` functions in it depend too."""
    slope = sympy.diff(value, symbol(variable))
    for function in inner:
        slope += sympy.diff(value, symbol(function.value)) * symbol(function.slope)
    return slope
