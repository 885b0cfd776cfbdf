"""Exact derivatives of a formula, by SymPy, from its checked syntax tree and never from its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from hpcfit.potential.expression.endings import BOUND, SLOPE_AT
from hpcfit.potential.expression.syntax import PRODUCT, Name, Node, Number, Operation

#: The variable and the parameters are real, which lets SymPy differentiate absolute values and signs.
_ONE, _ZERO = sympy.Integer(1), sympy.Integer(0)

#: Integers up to this stay exact, so that x^6 becomes multiplications and not a general power.
_EXACT = 64


@dataclass(frozen=True)
class Derivatives:
    """A function of one variable x and its derivatives, as expressions before the elimination of common parts.

    Parameters
    ----------
    value, slope, second
        f, df/dx, d2f/dx2.
    by_parameter
        Per differentiated parameter: df/dp.
    slope_by_parameter
        Per differentiated parameter: d2f/dx dp.
    by_inner, slope_by_inner
        Per inner function of x: the derivative by its value, and the slope of that derivative.
    parts
        Expressions of the symbols for derivatives of factors.
    """

    value: Any
    slope: Any
    second: Any
    by_parameter: tuple[Any, ...]
    slope_by_parameter: tuple[Any, ...]
    by_inner: tuple[Any, ...]
    slope_by_inner: tuple[Any, ...]
    parts: dict[Any, Any]


@dataclass(frozen=True)
class Inner:
    """Names of an inner function of x in a formula: its value, slope and second derivative."""

    value: str
    slope: str
    second: str


def symbol(name: str) -> Any:
    """Return the symbol of the variable or a parameter."""
    return sympy.Symbol(name, real=True)


def differentiate(
    tree: Node, variable: str, parameters: Sequence[str], inner: Sequence[Inner] = ()
) -> Derivatives:
    """Return a formula's value and derivatives.

    Parameters
    ----------
    tree
        From `parse`.
    variable
        Name of x.
    parameters
        Names to differentiate by.
    inner
        Other functions of x, which the formula contains by the names of their values.
    """
    if isinstance(tree, Operation) and tree.operator == PRODUCT:
        factors = [differentiate(factor, variable, parameters, inner) for factor in tree.operands]
        return _product_rule(*(_named(factor, k, parameters, inner) for k, factor in enumerate(factors)))
    value = to_sympy(tree)
    slopes = {variable: _ONE}
    for function in inner:
        slopes |= {function.value: symbol(function.slope), function.slope: symbol(function.second)}

    def slope_of(expression: Any) -> Any:
        terms = [_slope(expression, symbol(name)) * slope for name, slope in slopes.items()]
        return sum(terms[1:], terms[0])

    slope = slope_of(value)
    by_inner = [sympy.diff(value, symbol(function.value)) for function in inner]
    return Derivatives(
        value=value,
        slope=slope,
        second=slope_of(slope),
        by_parameter=tuple(sympy.diff(value, symbol(name)) for name in parameters),
        slope_by_parameter=tuple(sympy.diff(slope, symbol(name)) for name in parameters),
        by_inner=tuple(by_inner),
        slope_by_inner=tuple(map(slope_of, by_inner)),
        parts={},
    )


def _slope(value: Any, x: Any) -> Any:
    """Return df/dx; of f = P/(c + P), as screening functions are, c P'/(c + P)^2, where the general rule cancels."""
    for factor in value.args if value.is_Mul else ():
        if factor.is_Pow and factor.exp == -1 and factor.base.is_Add:
            rest = value / factor
            constant = factor.base - rest
            if not constant.has(x):
                return constant * sympy.diff(rest, x) * factor**2
    return sympy.diff(value, x)


def _named(
    factor: Derivatives, number: int, parameters: Sequence[str], inner: Sequence[Inner]
) -> Derivatives:
    """Return symbols for a factor's derivatives, whose names depend on the derivatives only."""
    parts = {}

    def renamed(expression: Any) -> Any:
        return expression.xreplace({old: _part(number, old.name) for old in factor.parts})

    def name(expression: Any, what: str) -> Any:
        if expression.is_Number or expression.is_Symbol:
            return renamed(expression)
        parts[_part(number, what)] = renamed(expression)
        return _part(number, what)

    def names(expressions: Sequence[Any], of: Sequence[str], prefix: str = "") -> tuple[Any, ...]:
        return tuple(name(e, prefix + what) for e, what in zip(expressions, of, strict=True))

    splines = [function.value for function in inner]
    earlier = {_part(number, old.name): renamed(expression) for old, expression in factor.parts.items()}
    return Derivatives(
        value=name(factor.value, ""),
        slope=name(factor.slope, "x"),
        second=name(factor.second, "xx"),
        by_parameter=names(factor.by_parameter, parameters),
        slope_by_parameter=names(factor.slope_by_parameter, parameters, "x "),
        by_inner=names(factor.by_inner, splines),
        slope_by_inner=names(factor.slope_by_inner, splines, "x "),
        parts=earlier | parts,
    )


def _part(number: int, what: str) -> Any:
    """Return a symbol that no formula can contain."""
    return symbol(f"{number} {what}")


def with_fresh_symbols(expressions: Sequence[Any], parts: dict[Any, Any]) -> tuple[list[Any], dict[Any, Any]]:
    """Return outputs and parts of another function with symbols that the first function does not have."""
    names = {old: symbol(f"second {old.name}") for old in parts}
    return [e.xreplace(names) for e in expressions], {
        names[old]: e.xreplace(names) for old, e in parts.items()
    }


def _product_rule(f: Derivatives, g: Derivatives) -> Derivatives:
    def by(fs: Sequence[Any], gs: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(fp * g.value + f.value * gp for fp, gp in zip(fs, gs, strict=True))

    def slope_by(
        fs: Sequence[Any], gs: Sequence[Any], fxs: Sequence[Any], gxs: Sequence[Any]
    ) -> tuple[Any, ...]:
        return tuple(
            fxp * g.value + f.slope * gp + fp * g.slope + f.value * gxp
            for fp, gp, fxp, gxp in zip(fs, gs, fxs, gxs, strict=True)
        )

    return Derivatives(
        value=f.value * g.value,
        slope=f.slope * g.value + f.value * g.slope,
        second=f.second * g.value + 2 * f.slope * g.slope + f.value * g.second,
        by_parameter=by(f.by_parameter, g.by_parameter),
        slope_by_parameter=slope_by(
            f.by_parameter, g.by_parameter, f.slope_by_parameter, g.slope_by_parameter
        ),
        by_inner=by(f.by_inner, g.by_inner),
        slope_by_inner=slope_by(f.by_inner, g.by_inner, f.slope_by_inner, g.slope_by_inner),
        parts=f.parts | g.parts,
    )


def to_sympy(node: Node) -> Any:
    """Return a syntax tree as a SymPy expression."""
    if isinstance(node, Number):
        whole = node.value.is_integer() and abs(node.value) <= _EXACT
        return sympy.Integer(int(node.value)) if whole else sympy.Float(node.value, 17)
    if isinstance(node, Name):
        return symbol(node.name)
    if node.operator == SLOPE_AT:
        formula, place = (to_sympy(operand) for operand in node.operands)
        return sympy.diff(formula, symbol(BOUND)).xreplace({symbol(BOUND): place})
    return _OPERATIONS[node.operator](*(to_sympy(operand) for operand in node.operands))


class _Condition(sympy.Function):  # type: ignore[misc]
    """A condition as a number, 1 or 0; SymPy would rearrange its own conditions in nested choices for minutes."""

    def _eval_derivative(self, _: Any) -> Any:
        return _ZERO


class Less(_Condition):
    """Whether a < b."""


class LessOrEqual(_Condition):
    """Whether a <= b."""


class Equal(_Condition):
    """Whether a = b."""


class Both(_Condition):
    """Whether both operands are nonzero."""


class Either(_Condition):
    """Whether one of two operands is nonzero."""


class Neither(_Condition):
    """Whether the operand is zero."""


class Choice(sympy.Function):  # type: ignore[misc]
    """The second of three operands if the first is nonzero, else the third."""

    def _eval_derivative(self, variable: Any) -> Any:
        condition, yes, no = self.args
        slopes = sympy.diff(yes, variable), sympy.diff(no, variable)
        return Choice(condition, *slopes) if slopes != (_ZERO, _ZERO) else _ZERO


def _smallest(*operands: Any) -> Any:
    result = operands[0]
    for other in operands[1:]:
        result = Choice(LessOrEqual(result, other), result, other)
    return result


def _sign(a: Any) -> Any:
    return Choice(Less(a, _ZERO), -_ONE, Choice(Less(_ZERO, a), _ONE, _ZERO))


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "neg": lambda a: -a,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    PRODUCT: lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "<": Less,
    ">": lambda a, b: Less(b, a),
    "<=": LessOrEqual,
    ">=": lambda a, b: LessOrEqual(b, a),
    "==": Equal,
    "!=": lambda a, b: Neither(Equal(a, b)),
    "&&": Both,
    "||": Either,
    "?:": Choice,
    "log": sympy.log,
    "ln": sympy.log,
    "log2": lambda a: sympy.log(a) / sympy.log(sympy.Float(2)),
    "log10": lambda a: sympy.log(a) / sympy.log(sympy.Float(10)),
    "abs": lambda a: Choice(Less(a, _ZERO), -a, a),
    "sign": _sign,
    "min": _smallest,
    "max": lambda *operands: -_smallest(*(-operand for operand in operands)),
    "sum": lambda *operands: sum(operands, _ZERO),
    "avg": lambda *operands: sum(operands, _ZERO) / len(operands),
    **{name: getattr(sympy, name) for name in ("exp", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: getattr(sympy, name) for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
}
