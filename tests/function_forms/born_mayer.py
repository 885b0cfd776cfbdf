"""References of the functions of `born_mayer`."""

from __future__ import annotations

from tests.function_forms._reference import EXP, Reference

RECORDS = (Reference("born-mayer", lambda x, c, A, rho: A * EXP(-x / rho), {"A": 900.0, "rho": 0.3}),)
