"""References of the functions of `buckingham`."""

from __future__ import annotations

from tests.function_forms._reference import EXP, Reference

RECORDS = (
    Reference(
        "buckingham",
        lambda x, c, A, rho, C: A * EXP(-x / rho) - C / x**6,
        {"A": 900.0, "rho": 0.3, "C": 20.0},
    ),
)
