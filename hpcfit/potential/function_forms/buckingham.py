"""Buckingham."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

_BUCKINGHAM = "R. A. Buckingham, Proc. R. Soc. A 168, 264 (1938)"

BUCKINGHAM = function_form(
    "buckingham",
    "A*exp(-x/rho) - C/x^6",
    "A:eV rho:A C:eV*A^6",
    _BUCKINGHAM,
)

RECORDS = (BUCKINGHAM,)
