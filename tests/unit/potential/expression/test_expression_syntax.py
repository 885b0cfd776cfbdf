"""The parser takes muParser's formulas and refuses, with a clear message, whatever else it is given."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from hpcfit.potential.expression.compiler import compile_outputs
from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.expression.symbolic import differentiate, to_sympy
from hpcfit.potential.expression.syntax import FUNCTIONS, parse

NAMES = ("x", "A", "alpha", "cutoff")


def _value(formula: str, x: float = 0.75, A: float = 2.0, alpha: float = 1.25, cutoff: float = 5.0) -> float:
    program = compile_outputs([to_sympy(parse(formula, NAMES))], "x", ["A", "alpha", "cutoff"])
    return float(run(program, [A, alpha, cutoff], np.array([x]))[0, 0])


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("A*exp(-alpha*x)", 2 * math.exp(-1.25 * 0.75)),
        ("  1 -\n\t2  ", -1.0),
        ("2^3^2", 512.0),
        ("x^2^A", 0.75**4),
        ("-x^2", -(0.75**2)),
        ("x^-2", 0.75**-2),
        ("--x", 0.75),
        ("-+-x", 0.75),
        ("A-x-1", 0.25),
        ("A/x/4", 2 / 0.75 / 4),
        ("A-x*4", -1.0),
        ("(A-x)*4", 5.0),
        ("1e-3*x", 0.00075),
        (".5*x + 2.", 2.375),
        ("x < 1 ? A : alpha", 2.0),
        ("x > 1 ? A : x > 0.5 ? alpha : 7", 1.25),
        ("(x <= 0.75) + (x >= 0.75) + (x == 0.75) + (x != 0.75)", 3.0),
        ("x < 1 && A > 3 || alpha > 1 ? 5 : 6", 5.0),
        ("x < 1 && (A > 3 || alpha > 2) ? 5 : 6", 6.0),
        ("x ? 3 : 4", 3.0),
        ("_pi*x + _e", math.pi * 0.75 + math.e),
        ("ln(x) - log(x)", 0.0),
        ("log2(8*x) + log10(x)", math.log2(6) + math.log10(0.75)),
        ("sqrt(x) + abs(-x) + sign(x-1)", math.sqrt(0.75) + 0.75 - 1),
        ("min(x, A, alpha) + max(x, A, alpha)", 2.75),
        ("sum(x, A, 1) + avg(x, A)", 3.75 + 1.375),
        ("sin(x)+cos(x)+tan(x)", math.sin(0.75) + math.cos(0.75) + math.tan(0.75)),
        ("asin(x)+acos(x)+atan(x)", math.asin(0.75) + math.acos(0.75) + math.atan(0.75)),
        ("sinh(x)+cosh(x)+tanh(x)", math.sinh(0.75) + math.cosh(0.75) + math.tanh(0.75)),
        ("asinh(x)+acosh(A*x)+atanh(x)", math.asinh(0.75) + math.acosh(1.5) + math.atanh(0.75)),
        ("asinh(-2)+acosh(2)+atanh(-0.5)", math.asinh(-2) + math.acosh(2) + math.atanh(-0.5)),
        ("cutoff", 5.0),
        ("sqrt((x-1)^2)", 0.25),
        ("((x-1)^2)^0.3", 0.25**0.6),
    ],
)
def test_values(formula: str, value: float) -> None:
    assert math.isclose(_value(formula), value, rel_tol=1e-14, abs_tol=1e-15)


def test_every_function_has_a_value_and_a_derivative() -> None:
    for name in FUNCTIONS:
        argument = "1+x" if name == "acosh" else "x"
        derivatives = differentiate(parse(f"{name}({argument})", ["x"]), "x", [])
        found = run(compile_outputs([derivatives.value, derivatives.slope], "x", []), [], np.array([0.3]))
        assert np.isfinite(found).all(), name


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "operand missing, found 'end of formula'"),
        ("A*", "operand missing, found 'end of formula'"),
        ("A x", "unexpected text after formula, found 'x'"),
        ("(A", r"'\)' missing in formula, found 'end of formula'"),
        ("A)", r"unexpected text after formula, found '\)'"),
        ("x ? A", "':' missing in formula"),
        (
            "alfa*x",
            "unknown name in formula, found 'alfa', allowed x, A, alpha, cutoff, _pi, _e, nearest alpha",
        ),
        ("expo(x)", "unknown function in formula, found 'expo', allowed .*, nearest exp"),
        ("A(x)", "unknown function in formula, found 'A'"),
        ("exp(x, A)", "wrong number of arguments of exp, found 2, allowed 1"),
        ("exp()", "operand missing"),
        ("acosh(0.5)*x", "number out of range in formula, found acosh of 0.5"),
        ("rint(x)", "unknown function in formula, found 'rint'"),
        ("x.__class__", r"invalid character in formula, found '\.'"),
        (
            "__import__('os')",
            "unknown function in formula, found '__import__'|invalid character in formula",
        ),
        ("x[0]", r"invalid character in formula, found '\['"),
        ("x = 1", "invalid character in formula, found '='"),
        ("lambda: 1", "unknown name in formula, found 'lambda'"),
        ("'a'*9", "invalid character in formula"),
        ("x; A", "invalid character in formula, found ';'"),
        ("x # A", "invalid character in formula, found '#'"),
        ("ï*x", "invalid character in formula|unknown name"),
        ("9^9^9^9", "number out of range in formula, found .*, allowed a finite result"),
        ("x*(1e300*1e300)", "number out of range in formula"),
        ("1e999", "number out of range in formula"),
        ("x/(1-1)", "division by zero in formula, found / by 0"),
        ("x/(A-A)", "division by zero in formula"),
        ("(x-x)^(-1)", "division by zero in formula"),
        ("1/0", "number out of range in formula, found / of 1, 0"),
        ("log(0)", "number out of range in formula, found log of 0"),
        ("sqrt(-1)*x", "number out of range in formula"),
        ("(-8)^(1/3)", "number out of range in formula"),
        ("(" * 1000 + "x" + ")" * 1000, "formula too long|nested too deeply"),
        ("-" * 500 + "x", "nested too deeply"),
        ("x" + "^x" * 200, "nested too deeply"),
        ("exp(" * 100 + "x" + ")" * 100, "nested too deeply"),
        ("x?" * 100 + "1" + ":1" * 100, "nested too deeply"),
        ("x+" * 1000 + "x", "formula too long, found more than 600 tokens, allowed 600"),
        ("max(x, A*" * 25 + "x" + ")" * 25, "nested too deeply in formula, found .*, allowed 10000"),
        (f"min({', '.join(f'{k}*x' for k in range(25))})", "nested too deeply in formula"),
        ("abs(x-" * 22 + "x" + ")" * 22, "nested too deeply in formula"),
        ("sign(x-" * 22 + "x" + ")" * 22, "nested too deeply in formula"),
    ],
)
def test_faults(formula: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _value(formula)


def test_names_of_constants_are_taken() -> None:
    with pytest.raises(ValueError, match="name of a constant, found '_pi', allowed any but _pi, _e"):
        parse("x", ["x", "_pi"])


@pytest.mark.parametrize(
    "formula",
    [
        "x^1e9",
        "(x+1)^1000",
        "(x+A)^64",
        "exp(exp(exp(exp(exp(x)))))",
        "+".join(f"sin({k}*x)*exp(-x/{k})" for k in range(1, 40)),
        "(x+1)*(x+2)*(x+3)*(x+4)*(x+5)*(x+6)*(x+7)*(x+8)*(x+9)*(x+10)",
        "(" * 25 + "x" + "^1.5+x)" * 25,
        "x < 1 ? " * 12 + "x" + " : x^2" * 12,
        "max(x, A, alpha, 1, 2, 3, x^2, x^3)",
        "max(x, A*" * 9 + "x" + ")" * 9,
        "abs(A-" * 7 + "x" + ")" * 7,
    ],
)
def test_what_is_large_but_allowed_is_compiled_soon(formula: str) -> None:
    begun = time.process_time()
    derivatives = differentiate(parse(formula, NAMES), "x", ["A", "alpha"])
    outputs = [derivatives.value, derivatives.slope, derivatives.second, *derivatives.slope_by_parameter]
    program = compile_outputs(outputs, "x", ["A", "alpha", "cutoff"])
    assert program.n_outputs == 5
    assert time.process_time() - begun < 20


def test_sixty_levels_are_allowed() -> None:
    # The formula is the first level, its operand the second; each sign is one more, and a parenthesis two.
    assert _value("-" * 58 + "x") == _value("(" * 29 + "x" + ")" * 29) == _value("x")
    for formula in ("-" * 59 + "x", "(" * 30 + "x" + ")" * 30):
        with pytest.raises(ValueError, match="nested too deeply, allowed 60 levels"):
            _value(formula)


@pytest.mark.parametrize(
    ("formula", "both", "either"),
    [("1 && 1", 1.0, 1.0), ("1 && 0", 0.0, 1.0), ("0 && 1", 0.0, 1.0), ("0 && 0", 0.0, 0.0)],
)
def test_logic_of_numbers(formula: str, both: float, either: float) -> None:
    assert _value(f"x*0 + ({formula})") == both
    assert _value(f"x*0 + ({formula.replace('&&', '||')})") == either
