"""References of the functions of `x_pow_n`."""

from __future__ import annotations

import numpy as np

from tests.function_forms._reference import Reference

RECORDS = (
    Reference(
        "XpowN-cutoff",
        lambda x, c, h, N: np.abs((x - c) / h) ** N / (1 + np.abs((x - c) / h) ** N),
        {"h": 1.4, "N": 4.0},
        ends=True,
    ),
)
