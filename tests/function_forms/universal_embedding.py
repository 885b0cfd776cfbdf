"""References of the functions of `universal_embedding`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.function_forms._reference import LOG, Reference


def _universal(x: Any, c: Any, F0: Any, eta: Any, rho0: Any) -> Any:
    t = np.where(x > 0, x, rho0) / rho0
    return np.where(x > 0, F0 * (1 - eta * LOG(t)) * t**eta, 0)


RECORDS = (
    Reference(
        "universal-embedding",
        _universal,
        {"F0": -3.0, "eta": 0.45, "rho0": 12.0},
        low=0.5,
        high=40.0,
        density=1.0,
    ),
)
