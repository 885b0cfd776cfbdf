"""Every built-in function said again in NumPy, from the literature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EXP, LOG, SQRT = np.exp, np.log, np.sqrt


def spline(x: Any, knots: tuple[float, ...], y: Any, ends: tuple[Any, Any] | None) -> Any:
    """Return a cubic spline by its second derivatives at the knots, linear outside; natural without `ends`."""
    k, n = np.array(knots, dtype=np.longdouble), len(knots)
    h, rise = np.diff(k), np.diff(y) / np.diff(k)
    matrix, right = np.eye(n, dtype=np.longdouble), np.zeros(n, dtype=np.longdouble)
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = h[i - 1] / 6, (h[i - 1] + h[i]) / 3, h[i] / 6
        right[i] = rise[i] - rise[i - 1]
    if ends:
        matrix[0, :2], right[0] = (h[0] / 3, h[0] / 6), rise[0] - ends[0]
        matrix[-1, -2:], right[-1] = (h[-1] / 6, h[-1] / 3), ends[1] - rise[-1]
    for i in range(1, n):  # elimination: NumPy solves no systems in extended precision
        factor = matrix[i, i - 1] / matrix[i - 1, i - 1]
        matrix[i] -= factor * matrix[i - 1]
        right[i] -= factor * right[i - 1]
    second = np.zeros(n, dtype=np.longdouble)
    for i in reversed(range(n)):
        second[i] = (right[i] - matrix[i, i + 1 :] @ second[i + 1 :]) / matrix[i, i]
    inside = np.clip(x, k[0], k[-1])
    i = np.clip(np.searchsorted(k, inside, side="right") - 1, 0, n - 2)
    a, b = (k[i + 1] - inside) / h[i], (inside - k[i]) / h[i]
    bend = ((a**3 - a) * second[i] + (b**3 - b) * second[i + 1]) * h[i] ** 2 / 6
    slope = rise[i] + ((1 - 3 * a**2) * second[i] + (3 * b**2 - 1) * second[i + 1]) * h[i] / 6
    return a * y[i] + b * y[i + 1] + bend + slope * (x - inside)


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
    ratio = np.where(x < rhon, rhon, x) / rhos  # no logarithm of 0
    third = fe * (1 - eta * LOG(ratio)) * ratio**eta
    return np.where(x < rhon, first, np.where(x < np.longdouble("1.15") * rhoe, second, third))


def _universal(x: Any, c: Any, F0: Any, eta: Any, rho0: Any) -> Any:
    t = np.where(x > 0, x, rho0) / rho0
    return np.where(x > 0, F0 * (1 - eta * LOG(t)) * t**eta, 0)


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
        _universal,
        {"F0": -3.0, "eta": 0.45, "rho0": 12.0},
        low=0.5,
        high=40.0,
    ),
    "sqrt-embedding": Reference(lambda x, c, D: -D * SQRT(x), {"D": 2.0}, low=0.5, high=40.0),
    "poly": Reference(
        lambda x, c, p, q, s: p + q * x + s * x**5, {"c0": 0.3, "c1": -0.7, "c5": 0.2}, low=0.0
    ),
}
