"""References of the functions of `constant`."""

from __future__ import annotations

from tests.function_forms._reference import Reference

RECORDS = (Reference("constant", lambda x, c, p: p + 0 * x, {"const": 0.7}),)
