"""A power of the distance to a cut-off."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import ATOMICREX, function_form

RECORDS = (function_form("RsMinusRPowN", "x < rs ? S*(rs-x)^N : 0", "S:eV/A^N rs:A N:1", ATOMICREX),)
