"""Every built-in function against NumPy, and all its derivatives against differences, in extended precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from oracle_kernels import richardson

from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.forms import FUNCTION_FORMS
from hpcfit.potential.functions import compile_function
from hpcfit.potential.program import Program
from hpcfit.potential.second_derivative import compile_second_function
from hpcfit.records import Function, Parameter

EXP, LOG, SQRT = np.exp, np.log, np.sqrt


@dataclass(frozen=True)
class Reference:
    """A function said again: `value` is of x, the cut-off and the parameters in the order of `parameters`."""

    value: Callable[..., Any]
    parameters: dict[str, float] = field(default_factory=dict)
    low: float = 1.5  #: sample arguments lie between these
    high: float = 4.9
    kinks: tuple[float, ...] = ()  #: arguments where branches meet, left out
    cutoff: float = 5.0


def _zbl(x: Any, c: Any, z1: Any, z2: Any) -> Any:
    a = np.longdouble("0.46850") / (z1 ** np.longdouble("0.23") + z2 ** np.longdouble("0.23"))
    weights = [np.longdouble(w) for w in ("0.18175", "0.50986", "0.28022", "0.02817")]
    decays = [np.longdouble(d) for d in ("3.19980", "0.94229", "0.40290", "0.20162")]
    phi = sum(w * EXP(-d * x / a) for w, d in zip(weights, decays, strict=True))
    return np.longdouble("14.399645478425668") * z1 * z2 / x * phi


def _exp_b(x: Any, c: Any, rc: Any, alpha: Any, n: Any) -> Any:
    t = (x - rc) / (c - rc)
    inside = np.where(t > 0, t, np.longdouble(0.5))
    at_zero = EXP(-alpha) if n > 0 else 1.0
    return np.where(t > 0, EXP(-np.sign(n) * alpha / (1 - inside**n)) / at_zero, 1)


def _exp_gaussian(x: Any, c: Any, s: Any, alpha: Any, n: Any) -> Any:
    at_zero = EXP(-alpha) if n > 0 else 1.0
    return EXP(-np.sign(n) * alpha / (1 - (x / c) ** n)) / at_zero * EXP(-((x / s) ** 2) / 2)


def _mishin_f(x: Any, c: Any, F0: Any, F2: Any, q1: Any, q2: Any, q3: Any, q4: Any, Q1: Any, Q2: Any) -> Any:
    d = x - 1
    low = F0 + F2 * d**2 / 2 + q1 * d**3 + q2 * d**4 + q3 * d**5 + q4 * d**6
    return np.where(d < 0, low, (F0 + F2 * d**2 / 2 + q1 * d**3 + Q1 * d**4) / (1 + Q2 * d**3))


def _extended_mishin_f(x: Any, c: Any, F0: Any, F2: Any, *rest: Any) -> Any:
    d, f, a, b = x - 1, rest[:4], rest[4:8], rest[8:]
    start = F0 + F2 * d**2 / 2
    low = start + sum(p * d**n for n, p in enumerate(f, 3))
    high = start + sum(p * d**n for n, p in enumerate(a, 3))
    return np.where(d < 0, low, high / (1 + sum(p * d**n for n, p in enumerate(b, 3))))


def _zhou_phi(x: Any, c: Any, A: Any, B: Any, alpha: Any, beta: Any, kappa: Any, lamda: Any, re: Any) -> Any:
    t = x / re
    repulsion = A * EXP(-alpha * (t - 1)) / (1 + (t - kappa) ** 20)
    return repulsion - B * EXP(-beta * (t - 1)) / (1 + (t - lamda) ** 20)


def _zhou_f(x: Any, c: Any, *p: Any) -> Any:
    low, middle, (f3_minus, f3_plus), (fe, eta, rhoe, rhos) = p[:4], p[4:7], p[7:9], p[9:]
    rhon, t = np.longdouble("0.85") * rhoe, x / rhoe - 1
    first = sum(f * (x / rhon - 1) ** n for n, f in enumerate(low))
    second = sum(f * t**n for n, f in enumerate(middle)) + np.where(t < 0, f3_minus, f3_plus) * t**3
    third = fe * (1 - eta * LOG(x / rhos)) * (x / rhos) ** eta
    return np.where(x < rhon, first, np.where(x < np.longdouble("1.15") * rhoe, second, third))


REFERENCES = {
    "constant": Reference(lambda x, c, p: p + 0 * x, {"const": 0.7}),
    "morse-A": Reference(
        lambda x, c, D, r0, a: D * (EXP(-2 * a * (x - r0)) - 2 * EXP(-a * (x - r0))),
        {"D0": 0.6, "r0": 2.5, "alpha": 1.3},
    ),
    "morse-B": Reference(
        lambda x, c, D, r0, b, S, d: (
            D / (S - 1) * EXP(-b * SQRT(2 * S) * (x - r0))
            - D * S / (S - 1) * EXP(-b * SQRT(2 / S) * (x - r0))
            + d
        ),
        {"D0": 1.5, "r0": 2.29, "beta": 1.4, "S": 2.07, "delta": 0.1},
    ),
    "morse-C": Reference(
        lambda x, c, A, B, mu, la, d: A * EXP(-la * x) - B * EXP(-mu * x) + d,
        {"A": 300.0, "B": 20.0, "mu": 1.1, "lambda": 2.4, "delta": 0.1},
    ),
    "gaussian": Reference(
        lambda x, c, p, eta, mu: p * EXP(-eta * (x - mu) ** 2), {"prefactor": 0.8, "eta": 0.9, "mu": 2.7}
    ),
    "lennard-jones": Reference(
        lambda x, c, s, e: 4 * e * ((s / x) ** 12 - (s / x) ** 6), {"sigma": 2.3, "epsilon": 0.4}
    ),
    "buckingham": Reference(
        lambda x, c, A, rho, C: A * EXP(-x / rho) - C / x**6, {"A": 900.0, "rho": 0.3, "C": 20.0}
    ),
    "born-mayer": Reference(lambda x, c, A, rho: A * EXP(-x / rho), {"A": 900.0, "rho": 0.3}),
    "zbl": Reference(_zbl, {"Z1": 13.0, "Z2": 29.0}, low=0.3),
    "exp-A": Reference(lambda x, c: EXP(1 / (x - c)) * EXP(1 / c), low=0.0),
    "exp-B": Reference(_exp_b, {"rc": 2.0, "alpha": 1.2, "exponent": 3.0}, low=0.5, kinks=(2.0,)),
    "exp-gaussian": Reference(_exp_gaussian, {"stddev": 2.0, "alpha": 1.2, "exponent": 2.5}),
    "XpowN-cutoff": Reference(
        lambda x, c, h, N: np.abs((x - c) / h) ** N / (1 + np.abs((x - c) / h) ** N), {"h": 1.4, "N": 4.0}
    ),
    "RsMinusRPowN": Reference(
        lambda x, c, S, rs, N: np.where(x < rs, S * np.abs(rs - x) ** N, 0),
        {"S": 0.4, "rs": 4.2, "N": 3.0},
        kinks=(4.2,),
    ),
    "Mishin-Cu-rho": Reference(
        lambda x, c, a, r1, r2, b1, b2: a * EXP(-b1 * (x - r1) ** 2) + EXP(-b2 * (x - r2)),
        {"a": 4.0, "r1": 0.6, "r2": -2.2, "beta1": 0.3, "beta2": 1.2},
    ),
    "Mishin-Cu-F": Reference(
        _mishin_f,
        {"F0": -2.3, "F2": 1.4, "q1": -1.3, "q2": -0.9, "q3": 0.4, "q4": 0.3, "Q1": 0.2, "Q2": 0.1},
        low=0.1,
        high=1.9,
        kinks=(1.0,),
    ),
    "extended-Mishin-Cu-F": Reference(
        _extended_mishin_f,
        dict(
            zip(
                ["F0", "F2", "f3", "f4", "f5", "f6", "a3", "a4", "a5", "a6", "d3", "d4", "d5"],
                (-2.3, 1.4, -1.3, -0.9, 0.4, 0.3, -1.2, 0.2, 0.3, 0.1, 0.2, 0.1, 0.05),
                strict=True,
            )
        ),
        low=0.1,
        high=1.9,
        kinks=(1.0,),
    ),
    "zhou-phi": Reference(
        _zhou_phi,
        {"A": 0.4, "B": 0.6, "alpha": 7.7, "beta": 4.1, "kappa": 0.45, "lambda": 0.9, "re": 2.55},
    ),
    "zhou-rho": Reference(
        lambda x, c, f, b, la, re: f * EXP(-b * (x / re - 1)) / (1 + (x / re - la) ** 20),
        {"fe": 1.55, "beta": 4.1, "lambda": 0.9, "re": 2.55},
    ),
    "zhou-F": Reference(
        _zhou_f,
        dict(
            zip(
                [
                    "Fn0",
                    "Fn1",
                    "Fn2",
                    "Fn3",
                    "F0",
                    "F1",
                    "F2",
                    "F3minus",
                    "F3plus",
                    "Fe",
                    "eta",
                    "rhoe",
                    "rhos",
                ],
                (-2.2, -0.26, 0.34, -1.4, -2.3, 0.1, 1.5, -0.7, 0.5, -2.33, 0.45, 22.0, 22.5),
                strict=True,
            )
        ),
        low=5.0,
        high=40.0,
        kinks=(18.7, 22.0, 25.3),
    ),
    "universal-embedding": Reference(
        lambda x, c, F0, eta, rho0: F0 * (1 - eta * LOG(x / rho0)) * (x / rho0) ** eta,
        {"F0": -3.0, "eta": 0.45, "rho0": 12.0},
        low=0.5,
        high=40.0,
    ),
    "sqrt-embedding": Reference(lambda x, c, D: -D * SQRT(x), {"D": 2.0}, low=0.5, high=40.0),
    "poly": Reference(
        lambda x, c, p, q, s: p + q * x + s * x**5, {"c0": 0.3, "c1": -0.7, "c5": 0.2}, low=0.0
    ),
}

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
