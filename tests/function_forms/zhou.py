"""References of the functions of `zhou`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.function_forms._reference import EXP, LOG, Reference


def _zhou_phi(x: Any, c: Any, A: Any, B: Any, alpha: Any, beta: Any, kappa: Any, lamda: Any, re: Any) -> Any:
    t = x / re
    repulsion = A * EXP(-alpha * (t - 1)) / (1 + (t - kappa) ** 20)
    return repulsion - B * EXP(-beta * (t - 1)) / (1 + (t - lamda) ** 20)


def _zhou_f(x: Any, c: Any, *p: Any) -> Any:
    low, middle, (f3_minus, f3_plus), (fe, eta, rhoe, rhos) = p[:4], p[4:7], p[7:9], p[9:]
    rhon, t = np.longdouble("0.85") * rhoe, x / rhoe - 1
    first = sum(f * (x / rhon - 1) ** n for n, f in enumerate(low))
    second = sum(f * t**n for n, f in enumerate(middle)) + np.where(t < 0, f3_minus, f3_plus) * t**3
    ratio = np.where(x < rhon, rhon, x) / rhos  # no logarithm of 0
    third = fe * (1 - eta * LOG(ratio)) * ratio**eta
    return np.where(x < rhon, first, np.where(x < np.longdouble("1.15") * rhoe, second, third))


RECORDS = (
    Reference(
        "zhou-phi",
        _zhou_phi,
        {"A": 0.4, "B": 0.6, "alpha": 7.7, "beta": 4.1, "kappa": 0.45, "lambda": 0.9, "re": 2.55},
    ),
    Reference(
        "zhou-rho",
        lambda x, c, f, b, la, re: f * EXP(-b * (x / re - 1)) / (1 + (x / re - la) ** 20),
        {"fe": 1.55, "beta": 4.1, "lambda": 0.9, "re": 2.55},
    ),
    Reference(
        "zhou-F",
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
        density=9.0,
        moving=("rhoe",),
        shifts=("Fn0", "F0"),
    ),
)
