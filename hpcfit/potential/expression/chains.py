"""Fusion of two or three instructions whose intermediate results have no other use.

A chain rounds like its parts in sequence, so that bits do not depend on the other outputs of a program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from hpcfit.potential.expression.operations import Op


@dataclass(frozen=True)
class Operand:
    """A computed value: a uniform value or the result of a vector instruction, numbered from 1."""

    place: int
    is_uniform: bool


Instruction = tuple[Op, tuple[Operand, ...]]


def chained(
    steps: Sequence[Instruction], outputs: Collection[int], constant: Callable[[float], Operand]
) -> list[Instruction]:
    """Return the instructions with chains in place of their last parts; the other parts stay, unused.

    Parameters
    ----------
    steps
        Instructions, all of them needed.
    outputs
        Indices of the results that are outputs.
    constant
        Returns the index of a constant.
    """
    return _Chains(steps, outputs, constant).steps


class _Chains:
    def __init__(
        self, steps: Sequence[Instruction], outputs: Collection[int], constant: Callable[[float], Operand]
    ) -> None:
        self.steps = list(steps)
        self._uses = Counter(o.place for _, operands in steps for o in operands if not o.is_uniform)
        self._uses.update(outputs)
        self._constant = constant
        for k, (op, operands) in enumerate(steps):
            if op is Op.MUL:
                self.steps[k] = self._product(*operands)
            elif op is Op.EXP:
                self.steps[k] = self._exponential(*operands)
            elif op is Op.DIV:
                self.steps[k] = self._quotient(*operands)

    def _parts(self, op: Op, operand: Operand) -> tuple[Operand, ...]:
        """Return the operands of a result if it is of this instruction and has no other use."""
        if operand.is_uniform or operand.place <= 0 or self._uses[operand.place] > 1:
            return ()
        own, operands = self.steps[operand.place - 1]
        return operands if own is op else ()

    def _product(self, left: Operand, right: Operand) -> Instruction:
        for product, factor in ((left, right), (right, left)):
            parts = self._parts(Op.MUL_ADD, product)
            if parts and factor == parts[1] and parts[2].is_uniform:
                return Op.HORNER, parts
        for product, factor in ((left, right), (right, left)):
            parts = self._parts(Op.MUL, product)
            if parts and not (parts[1].is_uniform or (parts[0].is_uniform and factor.is_uniform)):
                return Op.MUL_MUL, (*parts, factor)
        return Op.MUL, (left, right)

    def _exponential(self, exponent: Operand) -> Instruction:
        parts = self._parts(Op.MUL, exponent)
        if not parts or parts[0].is_uniform == parts[1].is_uniform:
            return Op.EXP, (exponent,)
        rate, argument = sorted(parts, key=lambda o: not o.is_uniform)
        difference = self._parts(Op.SUB, argument)
        if difference and difference[0].is_uniform != difference[1].is_uniform:
            return Op.EXP_LINEAR, (*difference, rate)
        return Op.EXP_LINEAR, (argument, self._constant(0.0), rate)

    def _quotient(self, above: Operand, below: Operand) -> Instruction:
        parts = self._parts(Op.MUL_ADD, below)
        if parts and parts[2].is_uniform and above == self._constant(1.0):
            return Op.INVERT, parts
        return Op.DIV, (above, below)
