"""The register programs that the kernels execute, as plain arrays."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray


class Op(enum.IntEnum):
    """Instructions; the numbers are those of csrc/program.h."""

    ADD, SUB, MUL, DIV, POW, LT, LE, EQ, AND, OR = range(10)
    NOT, EXP, LOG, SQRT, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH, COPY = range(10, 24)
    SELECT = 24


@dataclass(frozen=True)
class Program:
    """A compiled function of one variable.

    Parameters
    ----------
    constants
        [n_constants].
    n_parameters
        Parameters follow the constants among the uniform values.
    uniform
        int32 [n, 5]: op, place among the uniform values of the result and of up to three operands.
    n_uniform
        Number of uniform values: constants, parameters, results.
    vector
        int32 [m, 5]: op, register of the result, operands; an operand below zero, -1 - k, is uniform value k.
        Register 0 is the variable, registers 1 to n_outputs are the outputs.
    n_registers
        Number of registers.
    n_outputs
        Number of outputs.
    """

    constants: FloatArray
    n_parameters: int
    uniform: NDArray[np.int32]
    n_uniform: int
    vector: NDArray[np.int32]
    n_registers: int
    n_outputs: int


def run(program: Program, parameters: FloatArray, x: float) -> FloatArray:
    """Return the outputs [n_outputs] at one argument: the executor of the kernels said again in NumPy.

    Parameters
    ----------
    program
        The program.
    parameters
        [n_parameters].
    x
        The argument.
    """
    uniform = np.zeros(program.n_uniform)
    n_constants = len(program.constants)
    uniform[:n_constants] = program.constants
    uniform[n_constants : n_constants + program.n_parameters] = parameters
    registers = np.zeros(program.n_registers)
    registers[0] = x
    with np.errstate(all="ignore"):
        for op, result, *operands in program.uniform.tolist():
            uniform[result] = _apply(op, [uniform[place] for place in operands])
        for op, result, *operands in program.vector.tolist():
            values = [uniform[-1 - place] if place < 0 else registers[place] for place in operands]
            registers[result] = _apply(op, values)
    return registers[1 : program.n_outputs + 1]


def _apply(op: int, operands: list[np.float64]) -> float:
    """Carry out one instruction; it takes its operands from the front, what follows is padding."""
    function = _INSTRUCTIONS[Op(op)]
    return float(function(*operands[: 3 if op == Op.SELECT else 2 if op < Op.NOT else 1]))


_INSTRUCTIONS: dict[Op, Callable[..., Any]] = {
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.DIV: np.divide,
    Op.POW: np.power,
    Op.LT: np.less,
    Op.LE: np.less_equal,
    Op.EQ: np.equal,
    Op.AND: np.logical_and,
    Op.OR: np.logical_or,
    Op.NOT: np.logical_not,
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
    Op.SELECT: lambda condition, first, second: first if condition else second,
}
