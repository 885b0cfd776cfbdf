"""Programs against Python's own arithmetic, and the C executor against the NumPy one, bit for bit or nearly so."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpcfit.potential.expression.compiler import compile_outputs
from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.expression.operations import Op
from hpcfit.potential.expression.symbolic import differentiate, to_sympy
from hpcfit.potential.expression.syntax import parse
from hpcfit.potential.library import Batch, Functions, Geometry, evaluate
from hpcfit.potential.program import Program

PARAMETERS = {"a": 1.3, "b": -0.7, "c": 2.6}
X = np.linspace(0.4, 3.1, 300)

Value = Callable[[dict[str, Any]], Any]


def _random_formula(rng: random.Random, depth: int) -> tuple[str, Value]:
    """Return a formula and the same as a Python function of its names; all values are of moderate size."""
    if depth == 0:
        name = rng.choice(["x", *PARAMETERS, "0.75"])
        return name, lambda v: v[name] if name in v else np.longdouble(name)
    left, f = _random_formula(rng, depth - 1)
    right, g = _random_formula(rng, rng.randrange(depth))
    third, h = _random_formula(rng, 0)
    choices: list[tuple[str, Value]] = [
        (f"({left}) + ({right})", lambda v: f(v) + g(v)),
        (f"({left}) - ({right})", lambda v: f(v) - g(v)),
        (f"({left})*({right})", lambda v: f(v) * g(v)),
        (f"({left})/(1 + ({right})^2)", lambda v: f(v) / (1 + g(v) ** 2)),
        (f"-({left})^3", lambda v: -(f(v) ** 3)),
        (f"exp(-({left})^2)", lambda v: np.exp(-(f(v) ** 2))),
        (f"log(1 + ({left})^2)", lambda v: np.log(1 + f(v) ** 2)),
        (f"sqrt(2 + ({left})^2)", lambda v: np.sqrt(2 + f(v) ** 2)),
        (f"(1.5 + tanh({left}))^({third})", lambda v: (np.longdouble(1.5) + np.tanh(f(v))) ** h(v)),
        (f"sin({left})*cos({right})", lambda v: np.sin(f(v)) * np.cos(g(v))),
        (f"tanh({left}) + atan({right})", lambda v: np.tanh(f(v)) + np.arctan(g(v))),
        (f"({left}) < ({right}) ? ({third}) : ({left})", lambda v: np.where(f(v) < g(v), h(v), f(v))),
        (f"min({left}, {right}, {third})", lambda v: np.minimum(np.minimum(f(v), g(v)), h(v))),
        (f"abs({left}) >= 1 && ({right}) > 0", lambda v: ((np.abs(f(v)) >= 1) & (g(v) > 0)) * v["one"]),
    ]
    return rng.choice(choices)


def _compiled(formula: str, *parameters: str) -> Program:
    """Return the program of value and slope, then of derivatives by parameters."""
    d = differentiate(parse(formula, ["x", *PARAMETERS]), "x", parameters)
    return compile_outputs([d.value, d.slope, *d.by_parameter, *d.slope_by_parameter], "x", list(PARAMETERS))


@pytest.mark.parametrize("seed", range(60))
def test_random_formulas(seed: int) -> None:
    formula, value = _random_formula(random.Random(seed), 4)
    x = X.astype(np.longdouble)
    with np.errstate(all="ignore"):
        wanted = value(
            {**{k: np.longdouble(v) for k, v in PARAMETERS.items()}, "x": x, "one": np.longdouble(1)}
        )
    program = compile_outputs([to_sympy(parse(formula, ["x", *PARAMETERS]))], "x", list(PARAMETERS))
    found = run(program, list(PARAMETERS.values()), x)[0]
    wanted = np.broadcast_to(wanted, x.shape)
    finite = np.isfinite(wanted)
    assert np.array_equal(np.isfinite(found), finite), formula
    # Choices may fall the other way where rounding differs: at most at a few places.
    wrong = np.abs(found - wanted)[finite] > 1e-14 * np.maximum(np.abs(wanted), 1)[finite]
    assert wrong.sum() <= 1, formula


def _dimers(x: np.ndarray) -> Geometry:
    """Return a structure of two atoms for each distance."""
    n = len(x)
    vector = np.zeros((2 * n, 3))
    vector[::2, 0], vector[1::2, 0] = x, -x
    return Geometry(
        Batch(
            n_species=1,
            structure_start=np.arange(0, 2 * n + 1, 2),
            species=np.zeros(2 * n, dtype=np.int32),
            neighbour_start=np.arange(2 * n + 1),
            neighbour=np.arange(2 * n, dtype=np.int32).reshape(-1, 2)[:, ::-1].ravel().copy(),
            vector=vector,
        )
    )


def _in_c(program: Program, x: np.ndarray, n_free: int = 0) -> np.ndarray:
    """Return the outputs of a program that the kernels compute: value and slope, then those of the derivatives."""
    functions = Functions([program], [10.0], [0, -1, -1])
    geometry = _dimers(x)
    columns = np.zeros((1 + n_free, geometry.n_rows(False)))
    free = np.arange(n_free, dtype=np.int32)
    evaluate("eam", geometry, np.array(list(PARAMETERS.values())), free, columns, False, functions)
    values, slopes = columns[:, : len(x)], columns[:, len(x) :].reshape(1 + n_free, -1, 2, 3)[:, :, 0, 0]
    return np.concatenate([values[:1], slopes[:1], values[1:], slopes[1:]])


@pytest.mark.parametrize("seed", range(60, 90))
def test_kernels_agree_with_numpy(seed: int) -> None:
    program = _compiled(_random_formula(random.Random(seed), 3)[0], "a", "b", "c")
    found, wanted = _in_c(program, X, 3), run(program, list(PARAMETERS.values()), X)
    finite = np.isfinite(wanted)
    assert np.array_equal(np.isfinite(found), finite)
    scale = np.abs(np.where(finite, wanted, 0)).max(axis=1, keepdims=True)
    # Measured 3e-15: the vector functions are good to 4 ulp.
    assert (np.abs(np.where(finite, found - wanted, 0)) <= 1e-13 * scale).all()


#: One formula at least for every instruction, with uniform operands in all places.
EVERY_OPERATION = [
    "x + a", "a + x", "x - a", "a - x", "x*a", "x/a", "a/x", "x^a", "a^x", "x^x", "x*x + x/(x+1) - (x - sin(x))",
    "x*x + a", "a*x + b", "sin(x) + a*x", "x*sin(x) + cos(x)", "x*x - sin(x)", "a*x - sin(x)", "sin(x) - a*x",
    "a - x*x",
    "x < a", "a < x", "x <= a", "a <= x", "x == a", "a == x", "x != x*x", "x > 1 && x < 2", "x > 2 || x < 1",
    "x > 1 && a", "a || x > 1", "x < 1 ? a : x", "x < 1 ? x : a", "x < 1 ? a : b", "a ? x : b", "exp(x)", "log(x)",
    "sqrt(x)", "sin(x)", "cos(x)", "tan(x)", "asin(x/4)", "acos(x/4)", "atan(x)", "sinh(x)", "cosh(x)", "tanh(x)",
    "asinh(x - a)", "acosh(x + a)", "atanh((x - a)/4)", "x*asinh(a)*acosh(c)*atanh(b)",
    "a + 0*x", "x", "2 + a*b", "sin(a) + cos(b) + tan(c) + exp(a)*log(c)^a", "a < b ? c : a && b || c",
    "exp(b*(x - a))", "exp(-2*b*x) - a*exp(-b*x)", "exp(-3*b*x) - a*exp(-2*b*x) + exp(-b*x)", "c/(x*x + a)",
    "a*x*sin(x)",
]  # fmt: skip


@pytest.mark.parametrize("formula", EVERY_OPERATION)
@pytest.mark.parametrize("n", [1, 7, 300])
def test_every_operation(formula: str, n: int) -> None:
    """Also for numbers of arguments that fill no block."""
    program = _compiled(formula)
    found, wanted = _in_c(program, X[:n]), run(program, list(PARAMETERS.values()), X[:n])
    assert np.abs(found - wanted).max() <= 1e-14 * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("formula", "function", "argument"),
    [
        ("asinh(x)", np.arcsinh, lambda x: x),
        ("asinh(-1024*x)", np.arcsinh, lambda x: -1024 * x),
        ("acosh(1 + x)", np.arccosh, lambda x: 1 + x),
        ("atanh(x/16)", np.arctanh, lambda x: x / 16),
        ("atanh(-x/8)", np.arctanh, lambda x: -x / 8),
    ],
)
def test_inverse_hyperbolic_functions_keep_their_digits(formula: str, function: Any, argument: Any) -> None:
    x = np.concatenate([np.logspace(-14, 0, 300), np.linspace(1, 7.99, 100)])
    wanted = function(argument(x).astype(np.longdouble))
    # Measured 5e-16.
    assert np.abs(_in_c(_compiled(formula), x)[0] / wanted - 1).max() < 2e-15


def test_every_instruction_is_used() -> None:
    programs = [_compiled(formula, "a", "b") for formula in EVERY_OPERATION]
    used = {int(step[0]) for program in programs for step in (*program.vector, *program.uniform)}
    assert used == {int(op) for op in Op}


def test_equal_instructions_appear_once() -> None:
    program = _compiled("a*x*exp(-b*x)", "a", "b")
    operations = [int(step[0]) for step in program.vector]
    assert operations.count(Op.EXP_LINEAR) == 1
    assert Op.EXP not in operations
    assert len({tuple(step) for step in program.uniform[:, [0, 2, 3, 4]]}) == len(program.uniform)


def test_what_depends_on_parameters_alone_is_uniform() -> None:
    program = _compiled("sqrt(a)*exp(b/c)*x")
    assert {int(step[0]) for step in program.vector} <= {Op.MUL, Op.COPY, Op.SELECT}
    assert {Op.SQRT, Op.EXP} <= {int(step[0]) for step in program.uniform}


def test_one_division_for_all_powers_of_a_reciprocal() -> None:
    program = _compiled("a*(c/x)^12 - b*(c/x)^6", "a", "b", "c")
    assert [int(step[0]) for step in program.vector].count(Op.DIV) == 1


def test_one_exponential_for_all_its_whole_powers() -> None:
    program = _compiled("a*(exp(-2*b*(x-c)) - 2*exp(-b*(x-c))) + exp(-3.6*x) + exp(-1.2*x)", "a", "b", "c")
    operations = [int(step[0]) for step in program.vector]
    assert operations.count(Op.EXP_LINEAR) == 2
    assert Op.EXP not in operations


def test_a_sum_with_a_product_is_one_instruction() -> None:
    expression = to_sympy(parse("sin(x)*cos(x) + b*tan(x)", ["x", "b"]))
    operations = [int(step[0]) for step in compile_outputs([expression], "x", ["b"]).vector]
    assert operations.count(Op.MUL) == 1
    assert operations.count(Op.MUL_ADD) == 1
    assert Op.ADD not in operations


CHAINS = {
    "a*x*sin(x)": ("a*x", Op.MUL_MUL),
    "1/(a*x + b)": ("a*x + b", Op.INVERT),
    "exp(a*(x - b))": ("a*(x - b)", Op.EXP_LINEAR),
}


@pytest.mark.parametrize("formula", CHAINS)
def test_a_chain_has_the_bits_of_its_parts(formula: str) -> None:
    """Whether the value between them is wanted as well decides how many instructions there are, and nothing else."""
    between, op = CHAINS[formula]
    names = ["x", *PARAMETERS]
    whole, part, other = (to_sympy(parse(text, names)) for text in (formula, between, "x"))
    short, long = (compile_outputs([whole, y], "x", list(PARAMETERS)) for y in (other, part))
    assert op in [int(step[0]) for step in short.vector]
    assert op not in [int(step[0]) for step in long.vector]
    assert np.array_equal(_in_c(short, X)[0], _in_c(long, X)[0])


def test_outputs_may_be_equal_uniform_or_the_variable() -> None:
    x = to_sympy(parse("x", ["x"]))
    value = to_sympy(parse("x^2", ["x"]))
    program = compile_outputs([value, value, x, x, to_sympy(parse("a", ["a"])), x - x], "x", list(PARAMETERS))
    wanted = [X**2, X**2, X, X, np.full_like(X, 1.3), np.zeros_like(X)]
    assert np.array_equal(run(program, list(PARAMETERS.values()), X), wanted)


def test_an_output_has_the_same_bits_whatever_other_outputs_there_are() -> None:
    alone = _in_c(_compiled("a*exp(-b*x)*sin(c*x)/(1+x^3)"), X)
    together = _in_c(_compiled("a*exp(-b*x)*sin(c*x)/(1+x^3)", "a", "b", "c"), X, 3)
    assert np.array_equal(together[:2], alone)


def test_slope_of_a_screening_function_keeps_its_digits() -> None:
    x = np.array([0.1, 1.0, 30.0])
    d = differentiate(parse("x^4/(2 + x^4)", ["x"]), "x", [])
    found = run(compile_outputs([d.slope], "x", []), [], x)[0]
    wanted = 8 * x**3 / (2 + x**4) ** 2
    # The rule for quotients would lose x^4/2 = 4e5 times the rounding error in the last place.
    assert np.abs(found / wanted - 1).max() < 1e-14


def test_slope_of_an_absolute_value() -> None:
    d = differentiate(parse("sqrt((x-1)^2)", ["x"]), "x", [])
    found = run(compile_outputs([d.value, d.slope, d.second], "x", []), [], np.array([0.5, 1.5]))
    assert np.array_equal(found, [[0.5, 0.5], [-1, 1], [0, 0]])
