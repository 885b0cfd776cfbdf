"""Parser from the text of a formula, in muParser's syntax, to a checked syntax tree; text is never run as code.

``+ - * / ^`` (``^`` binds tighter than a sign and groups to the right), parentheses, comparisons, ``&& ||``,
``condition ? a : b``, numbers, names, ``_pi`` and ``_e``, and the functions of `FUNCTIONS`; ``log`` is the natural
logarithm, as ``ln`` is. The parser evaluates operations on numbers alone in floating point, so that no formula makes
the symbolic part compute with huge exact numbers.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hpcfit.errors import nearest

#: Longest formula in tokens, deepest nesting: far beyond any potential, and safe for all later stages.
_LONGEST, _DEEPEST = 600, 60

#: Functions by name with their number of arguments; None is one or more.
FUNCTIONS: dict[str, int | None] = {
    **dict.fromkeys(("exp", "log", "ln", "log2", "log10", "sqrt", "abs", "sign"), 1),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"), 1),
    **dict.fromkeys(("asinh", "acosh", "atanh"), 1),
    **dict.fromkeys(("min", "max", "sum", "avg"), None),
}

#: Reserved names.
_CONSTANTS = {"_pi": math.pi, "_e": math.e}

#: Copies of the operand of a function in the symbolic part, and the limit of numbers and names in all: nested functions
#: grow exponentially.
_COPIES = {"abs": 3, "sign": 2, "min": 2, "max": 2}
_MOST_WRITTEN = 10_000


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Name:
    """The variable or a parameter."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operator or function applied to its operands: ``neg + - * / ^ < > <= >= == != && || ?:`` or a function."""

    operator: str
    operands: tuple[Node, ...]


#: The operator of a product whose factors are differentiated one by one; formulas cannot contain it.
PRODUCT = "product"

Node: TypeAlias = Number | Name | Operation

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator><=|>=|==|!=|&&|\|\||[-+*/^<>?:(),]))"
)

#: Binary operators by precedence; ``^`` and ``?:`` have rules of their own.
_BINDING = {
    "||": 1,
    "&&": 2,
    "<": 3,
    ">": 3,
    "<=": 3,
    ">=": 3,
    "==": 3,
    "!=": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
}
_SIGN_BINDING = 6


def parse(text: str, names: Collection[str]) -> Node:
    """Return the syntax tree of a formula.

    Parameters
    ----------
    text
        The formula.
    names
        Allowed names: its variable and parameters.

    Raises
    ------
    ValueError
        If the formula is invalid.
    """
    if taken := sorted(_CONSTANTS.keys() & set(names)):
        allowed = ", ".join(_CONSTANTS)
        raise ValueError(f"name of a constant, found '{', '.join(taken)}', allowed any but {allowed}")
    parser = _Parser(_tokens(text), names)
    node = parser.conditional()
    parser.expect_end()
    if (found := _written(node)) > _MOST_WRITTEN:
        raise ValueError(
            f"{', '.join(_COPIES)} nested too deeply in formula, found {found} operands written out, "
            f"allowed {_MOST_WRITTEN}"
        )
    return node


def _written(node: Node) -> int:
    """Return the number of numbers and names in the symbolic form of a formula."""
    if not isinstance(node, Operation):
        return 1
    copies, counts = _COPIES.get(node.operator, 1), [_written(operand) for operand in node.operands]
    if node.operator in ("min", "max"):
        return functools.reduce(lambda result, other: copies * (result + other), counts)
    return copies * sum(counts)


def substituted(node: Node, known: Mapping[str, Node]) -> Node:
    """Return a tree with known names replaced by their trees."""
    if isinstance(node, Name):
        return known[node.name]
    if isinstance(node, Operation):
        return Operation(node.operator, tuple(substituted(operand, known) for operand in node.operands))
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            rest = stripped[place:].lstrip()
            raise ValueError(
                f"invalid character in formula, found '{rest[0]}', allowed numbers, names, operators"
            )
        kind = str(match.lastgroup)
        tokens.append((kind, match.group(kind)))
        if len(tokens) > _LONGEST:
            raise ValueError(f"formula too long, found more than {_LONGEST} tokens, allowed {_LONGEST}")
        place = match.end()
    return [*tokens, ("end", "end of formula")]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], names: Collection[str]) -> None:
        self._tokens = tokens
        self._names = names
        self._place = 0
        self._depth = 0

    def conditional(self) -> Node:
        """Parse ``condition ? a : b``, which has the lowest precedence and groups to the right."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"formula nested too deeply, allowed {_DEEPEST} levels")
        condition = self._binary(1)
        if self._take("?"):
            first = self.conditional()
            self._require(":")
            condition = _fold("?:", (condition, first, self.conditional()))
        self._depth -= 1
        return condition

    def expect_end(self) -> None:
        if self._tokens[self._place][0] != "end":
            raise ValueError(f"unexpected text after formula, found '{self._tokens[self._place][1]}'")

    def _binary(self, loosest: int) -> Node:
        left = self._signed()
        while _BINDING.get(self._operator(), 0) >= loosest:
            operator = self._operator()
            self._place += 1
            left = _fold(operator, (left, self._binary(_BINDING[operator] + 1)))
        return left

    def _signed(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"formula nested too deeply, allowed {_DEEPEST} levels")
        if self._take("-"):
            node = _fold("neg", (self._signed(),))
        else:
            node = self._signed() if self._take("+") else self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        base = self._atom()
        return _fold("^", (base, self._signed())) if self._take("^") else base

    def _atom(self) -> Node:
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "number":
            return _finite(float(text), text)
        if kind == "name":
            return self._call(text) if self._operator() == "(" else self._named(text)
        if text == "(":
            node = self.conditional()
            self._require(")")
            return node
        raise ValueError(f"operand missing, found '{text}', allowed a number, a name or '('")

    def _named(self, name: str) -> Node:
        if name in _CONSTANTS:
            return Number(_CONSTANTS[name])
        if name not in self._names:
            known = [*self._names, *_CONSTANTS]
            raise ValueError(f"unknown name in formula, found '{name}', allowed {_listed(known, name)}")
        return Name(name)

    def _call(self, function: str) -> Node:
        if function not in FUNCTIONS:
            raise ValueError(
                f"unknown function in formula, found '{function}', allowed {_listed(FUNCTIONS, function)}"
            )
        self._require("(")
        operands = [self.conditional()]
        while self._take(","):
            operands.append(self.conditional())
        self._require(")")
        allowed = FUNCTIONS[function]
        if allowed is not None and len(operands) != allowed:
            raise ValueError(
                f"wrong number of arguments of {function}, found {len(operands)}, allowed {allowed}"
            )
        return _fold(function, tuple(operands))

    def _operator(self) -> str:
        kind, text = self._tokens[self._place]
        return text if kind == "operator" else ""

    def _take(self, operator: str) -> bool:
        taken = self._operator() == operator
        self._place += taken
        return taken

    def _require(self, operator: str) -> None:
        if not self._take(operator):
            raise ValueError(f"'{operator}' missing in formula, found '{self._tokens[self._place][1]}'")


def _listed(known: Collection[str], found: str) -> str:
    like = nearest(found, known)
    return ", ".join(known) + (f", nearest {like}" if like else "")


_NUMERIC: dict[str, Callable[..., float]] = {
    "neg": lambda a: -a,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": math.pow,
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
    "?:": lambda c, a, b: a if c else b,
    "ln": math.log,
    "abs": abs,
    "sign": lambda a: float((a > 0) - (a < 0)),
    "min": lambda *a: min(a),
    "max": lambda *a: max(a),
    "sum": lambda *a: math.fsum(a),
    "avg": lambda *a: math.fsum(a) / len(a),
}


def _fold(operator: str, operands: tuple[Node, ...]) -> Node:
    """Evaluate an operation on numbers; keep any other."""
    numbers = [node.value for node in operands if isinstance(node, Number)]
    if len(numbers) < len(operands):
        if operator == "/" and operands[1] == Number(0.0):
            raise ValueError("division by zero in formula, found / by 0, allowed a finite result")
        return Operation(operator, operands)
    written = f"{operator} of {', '.join(f'{number:g}' for number in numbers)}"
    try:
        function = _NUMERIC.get(operator) or getattr(math, operator)
        return _finite(float(function(*numbers)), written)
    except (ArithmeticError, ValueError):
        raise ValueError(
            f"number out of range in formula, found {written}, allowed a finite result"
        ) from None


def _finite(value: float, written: str) -> Number:
    if not math.isfinite(value):
        raise ValueError(f"number out of range in formula, found {written}, allowed a finite result")
    return Number(value)
