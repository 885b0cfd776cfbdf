"""Inverse hyperbolic functions from existing instructions, accurate to rounding for small results too.

All three use log(1 + t), corrected for the rounding of 1 + t: D. Goldberg, ACM Comput. Surv. 23, 5 (1991), theorem 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import sympy

from hpcfit.potential.expression.chains import Operand
from hpcfit.potential.expression.operations import Op

#: Emits an instruction and returns its result; returns a constant.
Emit: TypeAlias = Callable[..., Operand]
Constant: TypeAlias = Callable[[float], Operand]


def _log_of_one_plus(emit: Emit, constant: Constant, t: Operand) -> Operand:
    """Emit log(1 + t) = t log(u)/(u - 1) with u = 1 + t, and t itself if u is 1."""
    one = constant(1.0)
    u = emit(Op.ADD, one, t)
    rest = emit(Op.SUB, u, one)
    quotient = emit(Op.DIV, emit(Op.LOG, u), rest)
    return emit(Op.SELECT, emit(Op.EQ, rest, constant(0.0)), t, emit(Op.MUL, quotient, t))


def _acosh(emit: Emit, constant: Constant, x: Operand) -> Operand:
    """Emit log(1 + t + sqrt(t (t + 2))) with t = x - 1."""
    t = emit(Op.SUB, x, constant(1.0))
    root = emit(Op.SQRT, emit(Op.MUL, t, emit(Op.ADD, t, constant(2.0))))
    return _log_of_one_plus(emit, constant, emit(Op.ADD, t, root))


def _asinh(emit: Emit, constant: Constant, x: Operand) -> Operand:
    """Emit log(1 + y + y^2/(1 + sqrt(1 + y^2))) with the sign of x, y = |x|."""
    one = constant(1.0)

    def positive(y: Operand) -> Operand:
        square = emit(Op.MUL, y, y)
        root = emit(Op.SQRT, emit(Op.ADD, one, square))
        t = emit(Op.ADD, y, emit(Op.DIV, square, emit(Op.ADD, one, root)))
        return _log_of_one_plus(emit, constant, t)

    return _odd(emit, constant, x, positive)


def _atanh(emit: Emit, constant: Constant, x: Operand) -> Operand:
    """Emit log(1 + 2 y/(1 - y))/2 with the sign of x, y = |x|."""

    def positive(y: Operand) -> Operand:
        t = emit(Op.DIV, emit(Op.ADD, y, y), emit(Op.SUB, constant(1.0), y))
        return emit(Op.MUL, constant(0.5), _log_of_one_plus(emit, constant, t))

    return _odd(emit, constant, x, positive)


def _odd(emit: Emit, constant: Constant, x: Operand, positive: Callable[[Operand], Operand]) -> Operand:
    """Emit an odd function by its values at |x|, which have no cancellation."""
    minus, negative = constant(-1.0), emit(Op.LT, x, constant(0.0))
    value = positive(emit(Op.SELECT, negative, emit(Op.MUL, minus, x), x))
    return emit(Op.SELECT, negative, emit(Op.MUL, minus, value), value)


#: By SymPy's function.
INVERSE_HYPERBOLIC = {sympy.acosh: _acosh, sympy.asinh: _asinh, sympy.atanh: _atanh}
