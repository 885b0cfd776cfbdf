"""A constant."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import ATOMICREX, function_form

RECORDS = (function_form("constant", "const + 0*x", "const:eV", ATOMICREX),)
