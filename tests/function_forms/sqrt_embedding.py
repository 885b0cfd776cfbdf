"""References of the functions of `sqrt_embedding`."""

from __future__ import annotations

from tests.function_forms._reference import SQRT, Reference

RECORDS = (
    Reference("sqrt-embedding", lambda x, c, D: -D * SQRT(x), {"D": 2.0}, low=0.5, high=40.0, density=1.0),
)
