"""Exact derivatives of a formula, by SymPy, from its checked syntax tree and never from its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from hpcfit.potential.expression.syntax import Name, Node, Number

#: The variable and the parameters are real, which lets SymPy differentiate absolute values and signs.
_ONE, _ZERO = sympy.Integer(1), sympy.Integer(0)

#: Whole numbers up to this stay exact, so that x^6 becomes multiplications and not a general power.
_EXACT = 64


@dataclass(frozen=True)
class Derivatives:
    """A function of one variable x and its derivatives, as expressions with common subexpressions still inside.

    Parameters
    ----------
    value, slope, second
        f, df/dx, d2f/dx2.
    by_parameter
        Per differentiated parameter: df/dp.
    slope_by_parameter
        Per differentiated parameter: d2f/dx dp.
    """

    value: Any
    slope: Any
    second: Any
    by_parameter: tuple[Any, ...]
    slope_by_parameter: tuple[Any, ...]


def symbol(name: str) -> Any:
    """Return the symbol of the variable or a parameter."""
    return sympy.Symbol(name, real=True)


def differentiate(tree: Node, variable: str, parameters: Sequence[str]) -> Derivatives:
    """Return a formula's value and derivatives.

    Parameters
    ----------
    tree
        From `parse`.
    variable
        Name of x.
    parameters
        Names to differentiate by.
    """
    value = to_sympy(tree)
    x = symbol(variable)
    slope = sympy.diff(value, x)
    return Derivatives(
        value=value,
        slope=slope,
        second=sympy.diff(slope, x),
        by_parameter=tuple(sympy.diff(value, symbol(name)) for name in parameters),
        slope_by_parameter=tuple(sympy.diff(slope, symbol(name)) for name in parameters),
    )


def to_sympy(node: Node) -> Any:
    """Return a syntax tree as a SymPy expression."""
    if isinstance(node, Number):
        whole = node.value.is_integer() and abs(node.value) <= _EXACT
        return sympy.Integer(int(node.value)) if whole else sympy.Float(node.value, 17)
    if isinstance(node, Name):
        return symbol(node.name)
    return _OPERATIONS[node.operator](*(to_sympy(operand) for operand in node.operands))


def _truth(value: Any) -> Any:
    """Return a number as a condition: true unless it is zero."""
    is_condition = isinstance(value, sympy.Piecewise) and [branch[0] for branch in value.args] == [
        _ONE,
        _ZERO,
    ]
    return value.args[0][1] if is_condition else sympy.Ne(value, 0)


def _as_number(condition: Any) -> Any:
    return sympy.Piecewise((_ONE, condition), (_ZERO, True))


def _comparison(relation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: _as_number(relation(a, b))


def _smallest(*operands: Any) -> Any:
    result = operands[0]
    for other in operands[1:]:
        result = sympy.Piecewise((result, sympy.Le(result, other)), (other, True))
    return result


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "neg": lambda a: -a,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "<": _comparison(sympy.Lt),
    ">": _comparison(sympy.Gt),
    "<=": _comparison(sympy.Le),
    ">=": _comparison(sympy.Ge),
    "==": _comparison(sympy.Eq),
    "!=": _comparison(sympy.Ne),
    "&&": lambda a, b: _as_number(sympy.And(_truth(a), _truth(b))),
    "||": lambda a, b: _as_number(sympy.Or(_truth(a), _truth(b))),
    "?:": lambda c, a, b: sympy.Piecewise((a, _truth(c)), (b, True)),
    "log": sympy.log,
    "ln": sympy.log,
    "log2": lambda a: sympy.log(a) / sympy.log(sympy.Float(2)),
    "log10": lambda a: sympy.log(a) / sympy.log(sympy.Float(10)),
    "abs": lambda a: sympy.Piecewise((-a, sympy.Lt(a, 0)), (a, True)),
    "sign": lambda a: sympy.Piecewise((-_ONE, sympy.Lt(a, 0)), (_ONE, sympy.Gt(a, 0)), (_ZERO, True)),
    "min": _smallest,
    "max": lambda *operands: -_smallest(*(-operand for operand in operands)),
    "sum": lambda *operands: sum(operands, _ZERO),
    "avg": lambda *operands: sum(operands, _ZERO) / len(operands),
    **{name: getattr(sympy, name) for name in ("exp", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: getattr(sympy, name) for name in ("sinh", "cosh", "tanh")},
}
