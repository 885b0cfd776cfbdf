"""References of the functions of `mishin`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.function_forms._reference import EXP, Reference


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


RECORDS = (
    Reference(
        "Mishin-Cu-rho",
        lambda x, c, a, r1, r2, b1, b2: a * EXP(-b1 * (x - r1) ** 2) + EXP(-b2 * (x - r2)),
        {"a": 4.0, "r1": 0.6, "r2": -2.2, "beta1": 0.3, "beta2": 1.2},
    ),
    Reference(
        "Mishin-Cu-F",
        _mishin_f,
        {"F0": -2.3, "F2": 1.4, "q1": -1.3, "q2": -0.9, "q3": 0.4, "q4": 0.3, "Q1": 0.2, "Q2": 0.1},
        low=0.1,
        high=1.9,
        kinks=(1.0,),
        density=0.6,
    ),
    Reference(
        "extended-Mishin-Cu-F",
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
        density=0.6,
    ),
)
