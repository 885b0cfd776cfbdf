"""References of the functions of `morse`."""

from __future__ import annotations

from tests.function_forms._reference import EXP, SQRT, Reference

RECORDS = (
    Reference(
        "morse-A",
        lambda x, c, D, r0, a: D * (EXP(-2 * a * (x - r0)) - 2 * EXP(-a * (x - r0))),
        {"D0": 0.6, "r0": 2.5, "alpha": 1.3},
    ),
    Reference(
        "morse-B",
        lambda x, c, D, r0, b, S, d: (
            D / (S - 1) * EXP(-b * SQRT(2 * S) * (x - r0))
            - D * S / (S - 1) * EXP(-b * SQRT(2 / S) * (x - r0))
            + d
        ),
        {"D0": 1.5, "r0": 2.29, "beta": 1.4, "S": 2.07, "delta": 0.1},
    ),
    Reference(
        "morse-C",
        lambda x, c, A, B, mu, la, d: A * EXP(-la * x) - B * EXP(-mu * x) + d,
        {"A": 300.0, "B": 20.0, "mu": 1.1, "lambda": 2.4, "delta": 0.1},
    ),
)
