"""References of the functions of `lennard_jones`."""

from __future__ import annotations

from tests.function_forms._reference import Reference

RECORDS = (
    Reference(
        "lennard-jones",
        lambda x, c, s, e: 4 * e * ((s / x) ** 12 - (s / x) ** 6),
        {"sigma": 2.3, "epsilon": 0.4},
    ),
)
