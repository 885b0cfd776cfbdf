"""Every built-in function against NumPy, and all its derivatives against differences, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle_forms import REFERENCES, Reference
from oracle_kernels import richardson

from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.forms import FUNCTION_FORMS
from hpcfit.potential.functions import compile_function
from hpcfit.records import Function, Parameter

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


@pytest.mark.parametrize("exponent", [-2.5, 2.5])
@pytest.mark.parametrize("name", ["exp-A", "exp-B", "exp-gaussian"])
def test_screening_functions_fall_from_one_to_zero(name: str, exponent: float) -> None:
    reference = REFERENCES[name]
    parameters = {p: exponent if p == "exponent" else v for p, v in reference.parameters.items()}
    x = np.array([1e-12, 1.0, 3.0, 4.9999], dtype=np.longdouble)
    found = _outputs(name, Reference(reference.value, parameters), x)[0]
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
