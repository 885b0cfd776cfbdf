"""Compiler from symbolic outputs to a short register program that C executes over blocks of arguments.

Subexpressions of parameters alone are computed once per evaluation (``uniform``); those of the variable become vector
instructions. Equal instructions on equal operands appear once. How an output is computed depends on that output alone,
so its bits do not change with the choice of other outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from hpcfit.potential.expression.chains import Instruction, Operand, chained
from hpcfit.potential.expression.exponentials import InPowers, exponential_powers, in_powers
from hpcfit.potential.expression.hyperbolic import INVERSE_HYPERBOLIC
from hpcfit.potential.expression.operations import Op
from hpcfit.potential.expression.symbolic import (
    Both,
    Choice,
    Either,
    Equal,
    Less,
    LessOrEqual,
    Neither,
    symbol,
)
from hpcfit.potential.program import Program


def compile_outputs(
    outputs: Sequence[Any],
    variable: str,
    parameters: Sequence[str],
    parts: Mapping[Any, Any] = MappingProxyType({}),
    inputs: Sequence[str] = (),
    second: int = 0,
) -> Program:
    """Return the program that computes all outputs.

    Parameters
    ----------
    outputs
        SymPy expressions.
    variable
        Name of the variable.
    parameters
        Names of the parameters, in the order of their values.
    parts
        Expressions of other symbols.
    inputs
        Names of inputs that vary like the variable.
    second
        Index of the value of a second function among the outputs; that of the first function is 0.

    Raises
    ------
    ValueError
        If an expression has a function without an instruction, or a number that is not finite.
    """
    powers = exponential_powers(outputs[second], parts) | exponential_powers(outputs[0], parts)
    emitter = _Emitter(variable, parameters, inputs, parts, powers)
    return emitter.finish([emitter.place(expression) for expression in outputs])


_NOT_FINITE = (sympy.zoo, sympy.oo, -sympy.oo, sympy.nan)

_FUNCTIONS = {
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
    Less: Op.LT,
    LessOrEqual: Op.LE,
    Equal: Op.EQ,
    Both: Op.AND,
    Either: Op.OR,
    Neither: Op.NOT,
    Choice: Op.SELECT,
}


class _Emitter:
    """Emits instructions, equal ones once; results are numbered in order."""

    def __init__(
        self,
        variable: str,
        parameters: Sequence[str],
        inputs: Sequence[str],
        parts: Mapping[Any, Any],
        powers: Mapping[Any, tuple[Any, int]],
    ) -> None:
        self._parts = parts
        self._powers = powers
        self._variable = Operand(0, is_uniform=False)
        self._known: dict[Any, Operand] = {symbol(variable): self._variable}
        # Results are numbered from 1 up, inputs from -1 down.
        self._inputs = [Operand(-1 - k, is_uniform=False) for k in range(len(inputs))]
        self._known |= dict(zip(map(symbol, inputs), self._inputs, strict=True))
        self._parameters = [Operand(k, is_uniform=True) for k in range(len(parameters))]
        self._known |= dict(zip(map(symbol, parameters), self._parameters, strict=True))
        self._constants: list[float] = []
        self._uniform: list[tuple[Op, tuple[int, ...]]] = []
        self._vector: list[Instruction] = []
        self._emitted: dict[tuple[Op, tuple[Operand, ...]], Operand] = {}

    def place(self, expression: Any) -> Operand:
        """Return the operand of an expression, after emitting the instructions that compute it."""
        if expression not in self._known:
            self._known[expression] = self._new_place(expression)
        return self._known[expression]

    def _new_place(self, expression: Any) -> Operand:
        if expression in self._parts:
            return self.place(self._parts[expression])
        if expression in self._powers:
            base, exponent = self._powers[expression]
            return self._whole_power(self.place(base), exponent)
        if self._powers and (terms := in_powers(expression, self._powers, self._varies)):
            return self._horner(terms)
        return self._compute(expression)

    def _varies(self, name: Any) -> bool:
        return name in self._parts or not self.place(name).is_uniform

    def _compute(self, expression: Any) -> Operand:
        if expression in _NOT_FINITE:
            raise ValueError("division by zero in formula, whatever its parameters, allowed a finite result")
        if expression.is_Number or expression.is_NumberSymbol:
            return self._constant(float(expression))
        if expression.is_Add:
            return self._sum(expression.args)
        if expression.is_Mul:
            return self._product(expression.args)
        if expression.is_Pow:
            return self._power(expression.base, expression.exp)
        return self._called(expression.func, [self.place(argument) for argument in expression.args])

    def _called(self, function: Any, operands: list[Operand]) -> Operand:
        if function in _FUNCTIONS:
            return self._emit(_FUNCTIONS[function], *operands)
        if function in INVERSE_HYPERBOLIC:
            return INVERSE_HYPERBOLIC[function](self._emit, self._constant, *operands)
        if function is sympy.DiracDelta:
            # The slope of a sign is zero, except at the step itself, where it is undefined.
            return self._constant(0.0)
        if function is sympy.Abs:
            return self._absolute(*operands)
        if function is sympy.sign:
            return self._sign(*operands)
        raise ValueError(f"formula cannot be compiled, found {function.__name__}")

    def _constant(self, value: float) -> Operand:
        if not np.isfinite(value):
            raise ValueError(f"number out of range in formula, found {value}, allowed a finite number")
        if value not in self._constants:
            self._constants.append(value)
        # Constants are numbered from -1 down until their count is known.
        return Operand(-1 - self._constants.index(value), is_uniform=True)

    def _horner(self, terms: InPowers) -> Operand:
        """Sum powers of an exponential times a factor, from the highest down."""
        base, highest = self.place(terms.base), max(terms.coefficients)
        result = self.place(terms.coefficients[highest])
        for power in range(highest - 1, -1, -1):
            result = self._emit(Op.MUL, result, base)
            if power in terms.coefficients:
                result = self._emit(Op.ADD, result, self.place(terms.coefficients[power]))
        return result if terms.factor == 1 else self._emit(Op.MUL, result, self.place(terms.factor))

    def _sum(self, terms: Sequence[Any]) -> Operand:
        """Add varying terms to the sum of the uniform ones; subtract terms with a minus sign."""
        positive: list[Operand] = []
        negative: list[Operand] = []
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

    def _product(self, factors: Sequence[Any]) -> Operand:
        return _required(self._chain(Op.MUL, [self.place(factor) for factor in factors]))

    def _chain(self, op: Op, operands: list[Operand]) -> Operand | None:
        """Combine operands, uniform ones first."""
        result = None
        for operand in sorted(operands, key=lambda o: not o.is_uniform):
            result = operand if result is None else self._emit(op, result, operand)
        return result

    def _power(self, base: Any, exponent: Any) -> Operand:
        if exponent.could_extract_minus_sign():
            # Powers of one reciprocal need no second division.
            if exponent.is_Integer:
                return self._whole_power(self._reciprocal(self.place(base)), -int(exponent))
            return self._reciprocal(self.place(base**-exponent))
        if exponent.is_Integer:
            return self._whole_power(self.place(base), int(exponent))
        if (2 * exponent).is_Integer:
            root = self._emit(Op.SQRT, self.place(base))
            whole = int(exponent - sympy.Rational(1, 2))
            return self._emit(Op.MUL, root, self._whole_power(self.place(base), whole)) if whole else root
        return self._emit(Op.POW, self.place(base), self.place(exponent))

    def _reciprocal(self, operand: Operand) -> Operand:
        return self._emit(Op.DIV, self._constant(1.0), operand)

    def _whole_power(self, base: Operand, exponent: int) -> Operand:
        if exponent == 1:
            return base
        half = self._whole_power(base, exponent // 2)
        square = self._emit(Op.MUL, half, half)
        return self._emit(Op.MUL, square, base) if exponent % 2 else square

    def _absolute(self, operand: Operand) -> Operand:
        """Emit SymPy's square root of a square."""
        negative = self._emit(Op.LT, operand, self._constant(0.0))
        return self._emit(Op.SELECT, negative, self._emit(Op.MUL, self._constant(-1.0), operand), operand)

    def _sign(self, operand: Operand) -> Operand:
        zero = self._constant(0.0)
        above, below = self._emit(Op.LT, zero, operand), self._emit(Op.LT, operand, zero)
        return self._emit(Op.SUB, above, below)

    def _emit(self, op: Op, *operands: Operand) -> Operand:
        instruction = (op, operands)
        if instruction not in self._emitted:
            self._emitted[instruction] = self._emit_new(op, operands)
        return self._emitted[instruction]

    def _emit_new(self, op: Op, operands: tuple[Operand, ...]) -> Operand:
        if all(operand.is_uniform for operand in operands):
            self._uniform.append((op, tuple(operand.place for operand in operands)))
            return Operand(len(self._parameters) + len(self._uniform) - 1, is_uniform=True)
        self._vector.append((op, operands))
        return Operand(len(self._vector), is_uniform=False)

    def finish(self, outputs: list[Operand]) -> Program:
        """Return the program, with numbered constants and allocated registers."""
        self._vector = [self._fused(*instruction) for instruction in self._vector]
        outputs = [self._result_of_its_own(output, outputs[:k]) for k, output in enumerate(outputs)]
        outputs = self._drop_unused(outputs)
        self._vector = chained(self._vector, [output.place for output in outputs], self._constant)
        outputs = self._drop_unused(outputs)
        n_constants = len(self._constants)

        def uniform_place(place: int) -> int:
            return -1 - place if place < 0 else n_constants + place

        first = n_constants + len(self._parameters)
        rows = [
            [op, first + k, *map(uniform_place, operands)] for k, (op, operands) in enumerate(self._uniform)
        ]
        registers = _allocate(self._vector, [output.place for output in outputs], len(self._inputs))

        def vector_place(operand: Operand) -> int:
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
            n_inputs=len(self._inputs),
        )

    def _fused(self, op: Op, operands: tuple[Operand, ...]) -> tuple[Op, tuple[Operand, ...]]:
        """Fuse a sum with a product, whatever other uses the product has, so that bits do not depend on them."""
        products = [self._product_at(operand) for operand in operands]
        if op is Op.ADD and (products[0] or products[1]):
            return (
                (Op.MUL_ADD, (*products[0], operands[1]))
                if products[0]
                else (Op.MUL_ADD, (*products[1], operands[0]))
            )
        if op is Op.SUB and products[0]:
            return Op.MUL_SUB, (*products[0], operands[1])
        if op is Op.SUB and products[1] and products[1][0].is_uniform:
            less = self._emit(Op.MUL, self._constant(-1.0), products[1][0])
            return Op.MUL_ADD, (less, products[1][1], operands[0])
        return op, operands

    def _product_at(self, operand: Operand) -> tuple[Operand, ...]:
        """Return the factors of a product, uniform ones first; empty for other results."""
        if operand.is_uniform or operand.place <= 0 or self._vector[operand.place - 1][0] is not Op.MUL:
            return ()
        return tuple(sorted(self._vector[operand.place - 1][1], key=lambda o: not o.is_uniform))

    def _drop_unused(self, outputs: list[Operand]) -> list[Operand]:
        """Drop the instructions that no output needs."""
        needed = {output.place for output in outputs}
        for k, (_, operands) in reversed(list(enumerate(self._vector))):
            if k + 1 in needed:
                needed.update(o.place for o in operands if not o.is_uniform)
        kept = [k for k in range(len(self._vector)) if k + 1 in needed]
        places = {k + 1: new + 1 for new, k in enumerate(kept)}

        def moved(operand: Operand) -> Operand:
            if operand.is_uniform or operand.place <= 0:
                return operand
            return Operand(places[operand.place], is_uniform=False)

        self._vector = [(op, tuple(map(moved, operands))) for op, operands in (self._vector[k] for k in kept)]
        return [moved(output) for output in outputs]

    def _result_of_its_own(self, output: Operand, earlier: list[Operand]) -> Operand:
        """Return an operand that is neither an input nor another output, by a copy if necessary."""
        if not output.is_uniform and output.place > 0 and output not in earlier:
            return output
        if output.is_uniform:
            # A vector operand makes an instruction a vector instruction: x - x keeps the shape only.
            chosen = self._constant(1.0)
            self._vector.append((Op.SELECT, (chosen, output, self._variable)))
        else:
            self._vector.append((Op.COPY, (output,)))
        return Operand(len(self._vector), is_uniform=False)


def _required(operand: Operand | None) -> Operand:
    if operand is None:
        raise ValueError("formula cannot be compiled, found an empty sum")
    return operand


def _allocate(steps: list[Instruction], outputs: list[int], n_inputs: int) -> dict[int, int]:
    """Allocate registers: outputs have their own, others share registers after their last use."""
    last_use = {o.place: k for k, (_, operands) in enumerate(steps) for o in operands if not o.is_uniform}
    registers = {0: 0, **{place: k + 1 for k, place in enumerate(outputs)}}
    registers |= {-1 - k: len(outputs) + 1 + k for k in range(n_inputs)}
    free: list[int] = []
    n_registers = len(outputs) + 1 + n_inputs
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
