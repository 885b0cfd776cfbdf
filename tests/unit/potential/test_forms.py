"""Every built-in function against NumPy, and all its derivatives against differences, in extended precision."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.function_program import FUNCTION_FORMS
from hpcfit.potential.functions import compile_function
from hpcfit.potential.program import Program
from hpcfit.potential.second_derivative import compile_second_function
from hpcfit.records import Function, Parameter
from tests.function_forms._reference import Reference
from tests.physics.oracle_forms import REFERENCES
from tests.physics.oracle_kernels import richardson

#: 80-bit numbers; the smallest differences leave 1e-19 / 1e-3.
STEP = np.longdouble(1e-2)


def _arguments(reference: Reference) -> np.ndarray:
    x = np.linspace(np.longdouble(reference.low), np.longdouble(reference.high), 40)
    for kink in reference.kinks:
        x = x[np.abs(x - kink) > 2e-2]
    return x


def _outputs(name: str, reference: Reference, x: np.ndarray) -> np.ndarray:
    parameters = tuple(Parameter(p, "", v, -np.inf, np.inf, True) for p, v in reference.parameters.items())
    poly = " + ".join(f"{c}*x^{c[1:]}" for c in reference.parameters) if name == "poly" else ""
    function = Function(
        "f", name, tuple(reference.parameters), parameters, poly, "x", cutoff=reference.cutoff
    )
    program = compile_function(function, tuple(range(len(parameters))), True)
    return run(program, [np.longdouble(v) for v in reference.parameters.values()], x)


def _moved(reference: Reference, place: int, change: Any, x: Any) -> Any:
    values = [np.longdouble(v) for v in reference.parameters.values()]
    values[place] += change
    return reference.value(x, np.longdouble(reference.cutoff), *values)


def _assert_close(found: np.ndarray, wanted: np.ndarray, what: str) -> None:
    error = np.abs(found - wanted).max() / max(float(np.abs(wanted).max()), 1e-3)
    # Measured 2e-13; the fourth level's truncation near the poles of the exponents.
    assert error < 1e-11, f"{what}: {error}"


def test_every_function_has_a_reference() -> None:
    missing = {*FUNCTION_FORMS, "poly"} - set(REFERENCES)
    assert not missing, f"write a reference of {', '.join(sorted(missing))} in tests/function_forms"
    assert set(REFERENCES) == {*FUNCTION_FORMS, "poly"}
    for name, form in FUNCTION_FORMS.items():
        assert set(REFERENCES[name].parameters) == set(form.parameters)
        assert set(form.defaults) <= set(form.parameters)
        assert form.reference


@pytest.mark.parametrize("name", REFERENCES)
def test_value(name: str) -> None:
    reference = REFERENCES[name]
    x = _arguments(reference)
    values = [np.longdouble(v) for v in reference.parameters.values()]
    wanted = reference.value(x, np.longdouble(reference.cutoff), *values)
    assert np.abs(_outputs(name, reference, x)[0] - wanted).max() < 1e-15 * max(np.abs(wanted).max(), 1)


@pytest.mark.parametrize("name", REFERENCES)
def test_slope_and_second_derivative(name: str) -> None:
    reference = REFERENCES[name]
    x = _arguments(reference)
    values = [np.longdouble(v) for v in reference.parameters.values()]
    outputs = _outputs(name, reference, x)

    def slope(at: Any) -> Any:
        return _outputs(name, reference, at)[1]

    slopes = richardson(lambda h: reference.value(x + h, np.longdouble(reference.cutoff), *values), STEP, 6)
    _assert_close(outputs[1], slopes, "slope")
    _assert_close(outputs[2], richardson(lambda h: slope(x + h), STEP, 6), "second derivative")


@pytest.mark.parametrize(
    ("name", "place"), [(name, k) for name, r in REFERENCES.items() for k in range(len(r.parameters))]
)
def test_derivatives_by_parameters(name: str, place: int) -> None:
    reference = REFERENCES[name]
    x = _arguments(reference)
    outputs, n = _outputs(name, reference, x), len(reference.parameters)

    differences = richardson(lambda h: _moved(reference, place, h, x), STEP, 6)
    _assert_close(outputs[3 + place], differences, "derivative")
    slopes = richardson(lambda h: _outputs(name, reference, x + h)[3 + place], STEP, 6)
    _assert_close(outputs[3 + n + place], slopes, "slope of the derivative")


def _moving(name: str, reference: Reference) -> tuple[Function, np.ndarray]:
    """Return a function of which all parameters move, and p, p' and p''; kinks stay where they are."""
    parameters = tuple(
        Parameter(p, "", v, -np.inf, np.inf, p != "rhoe") for p, v in reference.parameters.items()
    )
    poly = " + ".join(f"{c}*x^{c[1:]}" for c in reference.parameters) if name == "poly" else ""
    function = Function(
        "f", name, tuple(reference.parameters), parameters, poly, "x", cutoff=reference.cutoff
    )
    starts = np.array([p.start for p in parameters], dtype=np.longdouble)
    moves = np.random.default_rng(5).normal(scale=0.2, size=(2, len(starts))) * starts
    return function, np.array([starts, *(moves * [p.free for p in parameters])])


@pytest.mark.parametrize("curved", [False, True])
@pytest.mark.parametrize("name", REFERENCES)
def test_second_derivatives_along_a_path(name: str, curved: bool) -> None:
    reference = REFERENCES[name]
    function, rates = _moving(name, reference)
    x = _arguments(reference)
    free = tuple(k for k, p in enumerate(function.parameters) if p.free)
    fixed = tuple(k for k, p in enumerate(function.parameters) if not p.free)
    rates[2] *= curved

    def at(t: Any) -> Any:
        values = rates[0] + t * rates[1] + t**2 / 2 * rates[2]
        return reference.value(x, np.longdouble(reference.cutoff), *values)

    def second(h: Any) -> Any:
        return (at(h) + at(-h) - 2 * at(np.longdouble(0))) / h**2

    levels = [second(np.longdouble(2) ** (-5 - k)) for k in range(5)]
    for order in range(1, 5):
        levels = [(4**order * b - a) / (4**order - 1) for a, b in pairwise(levels)]
    program = compile_second_function(function, free, free if curved else (), fixed)
    if program is None:
        # Rounding is all that there is: 1e-19 by the square of the shortest step.
        assert np.abs(levels[0]).max() < 1e-12 * max(np.abs(at(np.longdouble(0))).max(), 1)
        return
    assert isinstance(program, Program)
    found = run(program, list(rates.ravel()), x)
    # Measured 6e-11: rounding of second differences.
    assert np.abs(found[0] - levels[0]).max() < 5e-10 * np.abs(levels[0]).max()
    slopes = richardson(lambda h: run(program, list(rates.ravel()), x + h)[0], STEP, 6)
    _assert_close(found[1], slopes, "its slope")


def test_functions_linear_in_their_parameters_have_no_second_derivative() -> None:
    linear = {"constant", "exp-A", "sqrt-embedding", "poly"}
    for name, reference in REFERENCES.items():
        function, rates = _moving(name, reference)
        every = tuple(range(rates.shape[1]))
        assert (compile_second_function(function, every, (), ()) is None) == (name in linear), name


@pytest.mark.parametrize("exponent", [-2.5, 2.5])
@pytest.mark.parametrize("name", ["exp-A", "exp-B", "exp-gaussian"])
def test_screening_functions_fall_from_one_to_zero(name: str, exponent: float) -> None:
    reference = REFERENCES[name]
    parameters = {p: exponent if p == "exponent" else v for p, v in reference.parameters.items()}
    x = np.array([1e-12, 1.0, 3.0, 4.9999], dtype=np.longdouble)
    found = _outputs(name, Reference(name, reference.value, parameters), x)[0]
    assert abs(found[0] - 1) < 1e-11
    assert found[-1] < 1e-300
    wanted = reference.value(x, np.longdouble(5), *(np.longdouble(v) for v in parameters.values()))
    assert np.abs(found - wanted).max() < 1e-15


def test_universal_embedding_of_an_atom_without_neighbours() -> None:
    reference = REFERENCES["universal-embedding"]
    assert _outputs("universal-embedding", reference, np.zeros(1))[0, 0] == 0.0


def test_unknown_function() -> None:
    with pytest.raises(ValueError, match=r"unknown function, found 'morseA', nearest morse-A"):
        compile_function(Function("f", "morseA", (), ()), (), False)
