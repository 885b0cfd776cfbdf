"""Functions made of functions, their reach, and the check of a derivative that a user gives."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.expression.operations import Op
from hpcfit.potential.functions import check_derivative, check_formula, compile_function
from hpcfit.records import Function, Parameter

X = np.linspace(1.0, 5.5, 91)


def _function(form: str, parameters: dict[str, float], cutoff: float = np.inf, **others: object) -> Function:
    rows = tuple(Parameter(name, "", value, -np.inf, np.inf, True) for name, value in parameters.items())
    return Function(form, form, tuple(parameters), rows, cutoff=cutoff, **others)  # type: ignore[arg-type]


def _outputs(function: Function) -> np.ndarray:
    """Return all outputs, zero from the function's reach on, as the kernels make them."""
    parameters = [p.start for p in function.all_parameters]
    outputs = run(compile_function(function, tuple(range(len(parameters))), False), parameters, X)
    return np.where(function.reach > X, outputs, 0)


MORSE = _function("morse-A", {"D0": 0.6, "r0": 2.5, "alpha": 1.3}, 4.0)
BORN = _function("born-mayer", {"A": 900.0, "rho": 0.3}, 3.0)
SCREEN = _function("XpowN-cutoff", {"h": 1.4, "N": 4.0}, 3.5)
PARTS = {f.form: _outputs(f) for f in (MORSE, BORN, SCREEN)}


def _cut(function: Function) -> np.ndarray:
    return np.where(function.cutoff > X, PARTS[function.form], 0)


def test_sum_and_its_parameters() -> None:
    found = _outputs(_function("sum", {}, children=(MORSE, BORN)))
    morse, born = _cut(MORSE), _cut(BORN)
    wanted = [*(morse[:2] + born[:2]), *morse[2:5], *born[2:4], *morse[5:], *born[4:]]
    assert np.abs(found - wanted).max() < 1e-12 * np.abs(wanted).max()


def test_product() -> None:
    found = _outputs(_function("product", {}, children=(MORSE, BORN)))
    morse, born = _cut(MORSE), _cut(BORN)
    assert np.abs(found[0] - morse[0] * born[0]).max() < 1e-12 * np.abs(found[0]).max()
    slope = morse[1] * born[0] + morse[0] * born[1]
    assert np.abs(found[1] - slope).max() < 1e-12 * np.abs(slope).max()
    by_rho = morse[0] * born[3]
    assert np.abs(found[2 + 4] - by_rho).max() < 1e-12 * np.abs(by_rho).max()


def test_screening() -> None:
    found = _outputs(_function("morse-A", {"D0": 0.6, "r0": 2.5, "alpha": 1.3}, 4.0, screening=SCREEN))
    wanted = PARTS["morse-A"][0] * _cut(SCREEN)[0]
    assert np.abs(found[0] - wanted).max() < 1e-13 * np.abs(wanted).max()
    by_h = PARTS["morse-A"][0] * _cut(SCREEN)[2]
    assert np.abs(found[2 + 3] - by_h).max() < 1e-13 * np.abs(by_h).max()


def test_nested() -> None:
    inner = _function("product", {}, children=(MORSE, BORN))
    found = _outputs(_function("sum", {}, children=(inner, MORSE), screening=SCREEN))
    wanted = (_cut(MORSE)[0] * _cut(BORN)[0] + _cut(MORSE)[0]) * _cut(SCREEN)[0]
    assert np.abs(found[0] - wanted).max() < 1e-12 * np.abs(wanted).max()


def test_parameters_that_are_fixed_are_constants() -> None:
    function = _function("morse-A", {"D0": 0.6, "r0": 2.5, "alpha": 1.3}, 3.5, screening=SCREEN)
    program = compile_function(function, (0,), False, (1, 3, 4))
    # Their places are filled with what must not be read.
    found = np.where(function.reach > X, run(program, [0.6, np.nan, 1.3, np.nan, np.nan], X), 0)
    wanted = _outputs(function)[[0, 1, 2, 7]]
    assert np.abs(found - wanted).max() < 1e-13 * np.abs(wanted).max()
    # The exponent of the screening function is a whole number: multiplications.
    assert Op.POW not in {int(step[0]) for step in program.vector}


@pytest.mark.parametrize(
    ("function", "distance"),
    [
        (MORSE, 4.0),
        (_function("constant", {"const": 1.0}), np.inf),
        (_function("sum", {}, children=(MORSE, BORN)), 4.0),
        (_function("sum", {}, 3.7, children=(MORSE, BORN)), 3.7),
        (_function("product", {}, children=(MORSE, BORN)), 3.0),
        (_function("constant", {"const": 1.0}, screening=SCREEN), 3.5),
        (_function("sum", {}, children=(MORSE, BORN), screening=SCREEN), 3.5),
    ],
)
def test_reach(function: Function, distance: float) -> None:
    assert function.reach == distance


def test_functions_of_nothing() -> None:
    with pytest.raises(ValueError, match="no terms or factors"):
        compile_function(_function("sum", {}), (), False)


def test_formulas_are_checked_with_the_names_they_may_use() -> None:
    check_formula("A*exp(-r/cutoff)", ["r", "A", "cutoff"])
    with pytest.raises(ValueError, match="unknown name in formula, found 'x'"):
        check_formula("A*x", ["r", "A", "cutoff"])


PARAMETERS = {"A": 500.0, "lambda": 2.73}
FORMULA = "A*exp(-lambda*r)*(r-cutoff)^2"
RIGHT = "-lambda*A*exp(-lambda*r)*(r-cutoff)^2 + 2*A*exp(-lambda*r)*(r-cutoff)"


def test_derivative_that_is_right() -> None:
    found = check_derivative(FORMULA, RIGHT, "r", PARAMETERS, 6.5, X)
    assert found.error < 1e-13


@pytest.mark.parametrize(
    "wrong", [RIGHT.replace("+ 2", "- 2"), f"1.0001*({RIGHT})", "0", f"1/(r-2) + {RIGHT}"]
)
def test_derivative_that_is_wrong(wrong: str) -> None:
    found = check_derivative(FORMULA, wrong, "r", PARAMETERS, 6.5, X)
    assert found.error > 9e-5
    assert found.x in X
    e = 500 * np.exp(-2.73 * found.x)
    exact = e * (-2.73 * (found.x - 6.5) ** 2 + 2 * (found.x - 6.5))
    assert abs(found.exact - exact) < 1e-12 * abs(exact)
    assert found.given != found.exact


def test_derivative_that_is_not_finite_where_the_exact_one_is() -> None:
    found = check_derivative("r^2", "2*r + 1e-9/(r-2)", "r", {}, np.inf, np.array([1.0, 2.0, 3.0]))
    assert (found.x, found.exact, found.error) == (2.0, 4.0, np.inf)


def test_points_without_a_derivative_do_not_count() -> None:
    assert check_derivative("sqrt(x)", "0.5/sqrt(x)", "x", {}, np.inf, np.array([0.0, 1.0])).error < 1e-15
    assert check_derivative("log(x)", "5", "x", {}, np.inf, np.array([0.0])).error == 0.0


def test_faults_of_a_derivative() -> None:
    with pytest.raises(ValueError, match="unknown name in formula, found 's', allowed r, A"):
        check_derivative("A*r", "A*s", "r", {"A": 1.0}, 5.0, X)
