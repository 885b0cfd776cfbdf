"""References of the functions of `poly`."""

from __future__ import annotations

from tests.function_forms._reference import Reference

RECORDS = (
    Reference(
        "poly", lambda x, c, p, q, s: p + q * x + s * x**5, {"c0": 0.3, "c1": -0.7, "c5": 0.2}, low=0.0
    ),
)
