"""Register programs executed by NumPy in the precision of their argument, the reference of the C executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.expression.operations import Op
from hpcfit.potential.program import Program


def run(program: Program, parameters: Sequence[float], x: NDArray[Any]) -> NDArray[Any]:
    """Return the outputs [n_outputs, n] of a program.

    Parameters
    ----------
    parameters
        [n_parameters].
    x
        [n], of any floating-point type.
    """
    number = x.dtype.type
    uniform = [number(value) for value in (*program.constants, *parameters)]
    registers: dict[int, Any] = {0: x}
    with np.errstate(all="ignore"):
        for op, _, *places in program.uniform:
            operands = [uniform[place] for place in places[: _N_OPERANDS[op]]]
            uniform.append(_OPERATIONS[op](*operands))
        for op, result, *places in program.vector:
            operands = [registers[k] if k >= 0 else uniform[-1 - k] for k in places[: _N_OPERANDS[op]]]
            registers[result] = _OPERATIONS[op](*operands)
    return np.array([np.broadcast_to(registers[k + 1], x.shape) for k in range(program.n_outputs)])


def _truth(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a condition as a number, 1 or 0, of its operands' type."""
    return lambda *operands: function(*operands).astype(np.result_type(*operands))


#: What each instruction computes.
_OPERATIONS: dict[int, Callable[..., Any]] = {
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.DIV: np.divide,
    Op.POW: np.power,
    Op.LT: _truth(np.less),
    Op.LE: _truth(np.less_equal),
    Op.EQ: _truth(np.equal),
    Op.AND: _truth(np.logical_and),
    Op.OR: _truth(np.logical_or),
    Op.NOT: _truth(np.logical_not),
    Op.EXP: np.exp,
    Op.LOG: np.log,
    Op.SQRT: np.sqrt,
    Op.SIN: np.sin,
    Op.COS: np.cos,
    Op.TAN: np.tan,
    Op.ASIN: np.arcsin,
    Op.ACOS: np.arccos,
    Op.ATAN: np.arctan,
    Op.SINH: np.sinh,
    Op.COSH: np.cosh,
    Op.TANH: np.tanh,
    Op.COPY: np.positive,
    Op.SELECT: lambda condition, yes, no: np.where(condition != 0, yes, no),
    Op.MUL_ADD: lambda a, b, c: a * b + c,
    Op.MUL_SUB: lambda a, b, c: a * b - c,
    Op.MUL_MUL: lambda a, b, c: a * b * c,
    Op.HORNER: lambda a, b, c: (a * b + c) * b,
    Op.INVERT: lambda a, b, c: 1 / (a * b + c),
    Op.EXP_LINEAR: lambda a, b, c: np.exp((a - b) * c),
}

#: The number of operands of each instruction.
_N_OPERANDS: dict[int, int] = {op: 3 if op >= Op.SELECT else 2 if op < Op.NOT else 1 for op in Op}
