"""References of the functions of `exponential_screening`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.function_forms._reference import EXP, Reference


def _exp_b(x: Any, c: Any, rc: Any, alpha: Any, n: Any) -> Any:
    t = (x - rc) / (c - rc)
    inside = np.where(t > 0, t, np.longdouble(0.5))
    at_zero = EXP(-alpha) if n > 0 else 1.0
    return np.where(t > 0, EXP(-np.sign(n) * alpha / (1 - inside**n)) / at_zero, 1)


def _exp_gaussian(x: Any, c: Any, s: Any, alpha: Any, n: Any) -> Any:
    at_zero = EXP(-alpha) if n > 0 else 1.0
    return EXP(-np.sign(n) * alpha / (1 - (x / c) ** n)) / at_zero * EXP(-((x / s) ** 2) / 2)


RECORDS = (
    Reference("exp-A", lambda x, c: EXP(1 / (x - c)) * EXP(1 / c), low=0.0),
    Reference(
        "exp-B",
        _exp_b,
        {"rc": 2.0, "alpha": 1.2, "exponent": 3.0},
        low=0.5,
        kinks=(2.0,),
        ends=True,
        sample={"rc": 2.6},
        moving=("rc",),
    ),
    Reference("exp-gaussian", _exp_gaussian, {"stddev": 2.0, "alpha": 1.2, "exponent": 2.5}, ends=True),
)
