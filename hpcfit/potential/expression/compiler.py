"""From derivatives to a short register program that C executes over blocks of arguments.

What depends on parameters alone is worked out once per evaluation as numbers (``uniform``); what depends on the
variable becomes vector instructions. Both are shared between all outputs: each subexpression appears once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.logic.boolalg import Boolean

from hpcfit.potential.expression.operations import Op
from hpcfit.potential.expression.symbolic import symbol
from hpcfit.potential.program import Program


@dataclass(frozen=True)
class _Operand:
    """A value that was computed: a uniform value or the result of a vector instruction."""

    place: int
    is_uniform: bool


def compile_outputs(outputs: Sequence[Any], variable: str, parameters: Sequence[str]) -> Program:
    """Return the program that computes all outputs.

    Parameters
    ----------
    outputs
        SymPy expressions.
    variable
        Name of the variable.
    parameters
        Names of the parameters, in the order in which their values will be given.

    Raises
    ------
    ValueError
        If an expression holds a function without an instruction, or a number that is not finite.
    """
    replacements, reduced = sympy.cse(list(outputs), order="none")
    emitter = _Emitter(variable, parameters)
    for name, expression in replacements:
        emitter.define(name, expression)
    return emitter.finish([emitter.place(expression) for expression in reduced])


_UNARY = {
    sympy.exp: Op.EXP,
    sympy.log: Op.LOG,
    sympy.sin: Op.SIN,
    sympy.cos: Op.COS,
    sympy.tan: Op.TAN,
    sympy.asin: Op.ASIN,
    sympy.acos: Op.ACOS,
    sympy.atan: Op.ATAN,
    sympy.sinh: Op.SINH,
    sympy.cosh: Op.COSH,
    sympy.tanh: Op.TANH,
}


class _Emitter:
    """Emits one instruction per distinct subexpression; results are numbered as they come."""

    def __init__(self, variable: str, parameters: Sequence[str]) -> None:
        self._variable = _Operand(0, is_uniform=False)
        self._known: dict[Any, _Operand] = {symbol(variable): self._variable}
        self._parameters = [_Operand(k, is_uniform=True) for k in range(len(parameters))]
        self._known |= dict(zip(map(symbol, parameters), self._parameters, strict=True))
        self._constants: list[float] = []
        self._uniform: list[tuple[Op, tuple[int, ...]]] = []
        self._vector: list[tuple[Op, tuple[_Operand, ...]]] = []

    def define(self, name: Any, expression: Any) -> None:
        self._known[name] = self.place(expression)

    def place(self, expression: Any) -> _Operand:
        """Return where the value of an expression is, after emitting what computes it."""
        if expression not in self._known:
            self._known[expression] = self._compute(expression)
        return self._known[expression]

    def _compute(self, expression: Any) -> _Operand:
        if expression.is_Number or expression.is_NumberSymbol:
            return self._constant(float(expression))
        if expression.is_Add:
            return self._sum(expression.args)
        if expression.is_Mul:
            return self._product(expression.args)
        if expression.is_Pow:
            return self._power(expression.base, expression.exp)
        if isinstance(expression, sympy.Piecewise):
            return self._piecewise(expression.args)
        if expression.func in _UNARY:
            return self._emit(_UNARY[expression.func], self.place(expression.args[0]))
        if isinstance(expression, Boolean):
            return self._condition(expression)
        raise ValueError(f"formula cannot be compiled, found {expression.func.__name__}")

    def _constant(self, value: float) -> _Operand:
        if not np.isfinite(value):
            raise ValueError(f"number out of range in formula, found {value}, allowed a finite number")
        if value not in self._constants:
            self._constants.append(value)
        # Constants are numbered from -1 down until their count is known.
        return _Operand(-1 - self._constants.index(value), is_uniform=True)

    def _sum(self, terms: Sequence[Any]) -> _Operand:
        """Add what varies to the sum of what is uniform; subtract where a term carries a minus sign."""
        positive: list[_Operand] = []
        negative: list[_Operand] = []
        for term in terms:
            minus = term.could_extract_minus_sign()
            (negative if minus else positive).append(self.place(-term if minus else term))
        total = self._chain(Op.ADD, positive)
        if not negative:
            return _required(total)
        less = _required(self._chain(Op.ADD, negative))
        if total is None:
            return self._emit(Op.MUL, self._constant(-1.0), less)
        return self._emit(Op.SUB, total, less)

    def _product(self, factors: Sequence[Any]) -> _Operand:
        above: list[_Operand] = []
        below: list[_Operand] = []
        for factor in factors:
            inverse = factor.is_Pow and factor.exp.could_extract_minus_sign()
            (below if inverse else above).append(self.place(1 / factor if inverse else factor))
        numerator, denominator = self._chain(Op.MUL, above), self._chain(Op.MUL, below)
        if denominator is None:
            return _required(numerator)
        return self._emit(Op.DIV, numerator or self._constant(1.0), denominator)

    def _chain(self, op: Op, operands: list[_Operand]) -> _Operand | None:
        """Combine operands, those that are uniform first."""
        result = None
        for operand in sorted(operands, key=lambda o: not o.is_uniform):
            result = operand if result is None else self._emit(op, result, operand)
        return result

    def _power(self, base: Any, exponent: Any) -> _Operand:
        if exponent.could_extract_minus_sign():
            return self._emit(Op.DIV, self._constant(1.0), self.place(base**-exponent))
        if exponent.is_Integer:
            half = self.place(base ** (exponent // 2)) if exponent > 3 else self.place(base)
            square = self._emit(Op.MUL, half, half)
            return self._emit(Op.MUL, square, self.place(base)) if exponent % 2 else square
        if (2 * exponent).is_Integer:
            root = self._emit(Op.SQRT, self.place(base))
            whole = exponent - sympy.Rational(1, 2)
            return root if whole == 0 else self._emit(Op.MUL, root, self.place(base**whole))
        return self._emit(Op.POW, self.place(base), self.place(exponent))

    def _piecewise(self, branches: Sequence[Any]) -> _Operand:
        result = self.place(branches[-1][0])
        for value, condition in reversed(branches[:-1]):
            result = self._emit(Op.SELECT, self.place(condition), self.place(value), result)
        return result

    def _condition(self, condition: Any) -> _Operand:
        """Emit a condition as a number, 1 or 0."""
        if condition in (sympy.true, sympy.false):
            return self._constant(float(condition == sympy.true))
        if isinstance(condition, (sympy.And, sympy.Or)):
            op = Op.AND if isinstance(condition, sympy.And) else Op.OR
            return _required(self._chain(op, [self.place(part) for part in condition.args]))
        if isinstance(condition, sympy.Not):
            return self._emit(Op.NOT, self.place(condition.args[0]))
        left, right = self.place(condition.lhs), self.place(condition.rhs)
        if isinstance(condition, (sympy.Gt, sympy.Ge)):
            left, right = right, left
        if isinstance(condition, (sympy.Lt, sympy.Gt)):
            return self._emit(Op.LT, left, right)
        if isinstance(condition, (sympy.Le, sympy.Ge)):
            return self._emit(Op.LE, left, right)
        equal = self._emit(Op.EQ, left, right)
        return equal if isinstance(condition, sympy.Eq) else self._emit(Op.NOT, equal)

    def _emit(self, op: Op, *operands: _Operand) -> _Operand:
        if all(operand.is_uniform for operand in operands):
            self._uniform.append((op, tuple(operand.place for operand in operands)))
            return _Operand(len(self._parameters) + len(self._uniform) - 1, is_uniform=True)
        self._vector.append((op, operands))
        return _Operand(len(self._vector), is_uniform=False)

    def finish(self, outputs: list[_Operand]) -> Program:
        """Return the program: number constants, give registers to results."""
        outputs = [self._result_of_its_own(output, outputs[:k]) for k, output in enumerate(outputs)]
        n_constants = len(self._constants)

        def uniform_place(place: int) -> int:
            return -1 - place if place < 0 else n_constants + place

        first = n_constants + len(self._parameters)
        rows = [
            [op, first + k, *map(uniform_place, operands)] for k, (op, operands) in enumerate(self._uniform)
        ]
        registers = _allocate(self._vector, [output.place for output in outputs])

        def vector_place(operand: _Operand) -> int:
            return -1 - uniform_place(operand.place) if operand.is_uniform else registers[operand.place]

        steps = [
            [op, registers[k + 1], *map(vector_place, operands)]
            for k, (op, operands) in enumerate(self._vector)
        ]
        return Program(
            constants=np.array(self._constants, dtype=np.float64),
            n_parameters=len(self._parameters),
            uniform=_table(rows),
            n_uniform=first + len(rows),
            vector=_table(steps),
            n_registers=max(registers.values()) + 1,
            n_outputs=len(outputs),
        )

    def _result_of_its_own(self, output: _Operand, earlier: list[_Operand]) -> _Operand:
        """Return an operand that no other output and no input shares, by a copy where need be."""
        if not output.is_uniform and output != self._variable and output not in earlier:
            return output
        if output.is_uniform:
            # An instruction is a vector one because of a vector operand: x - x keeps its shape, not its value.
            chosen = self._constant(1.0)
            self._vector.append((Op.SELECT, (chosen, output, self._variable)))
        else:
            self._vector.append((Op.COPY, (output,)))
        return _Operand(len(self._vector), is_uniform=False)


def _required(operand: _Operand | None) -> _Operand:
    if operand is None:
        raise ValueError("formula cannot be compiled, found an empty sum")
    return operand


def _allocate(steps: list[tuple[Op, tuple[_Operand, ...]]], outputs: list[int]) -> dict[int, int]:
    """Give every result a register: outputs their own, others one that is free again after the last use."""
    last_use = {o.place: k for k, (_, operands) in enumerate(steps) for o in operands if not o.is_uniform}
    registers = {0: 0, **{place: k + 1 for k, place in enumerate(outputs)}}
    free: list[int] = []
    n_registers = len(outputs) + 1
    for k, (_, operands) in enumerate(steps):
        if k + 1 not in registers:
            if not free:
                free.append(n_registers)
                n_registers += 1
            registers[k + 1] = free.pop()
        freed = {o.place for o in operands if not o.is_uniform and last_use[o.place] == k}
        free.extend(registers[place] for place in freed if registers[place] > len(outputs))
    return registers


def _table(rows: list[list[int]]) -> NDArray[np.int32]:
    return np.array([row + [0] * (5 - len(row)) for row in rows], dtype=np.int32).reshape(-1, 5)
