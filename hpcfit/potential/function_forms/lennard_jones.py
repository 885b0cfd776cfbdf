"""Lennard-Jones."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

_LENNARD_JONES = "J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924)"

LENNARD_JONES = function_form(
    "lennard-jones",
    "4*epsilon*((sigma/x)^12 - (sigma/x)^6)",
    "sigma:A epsilon:eV",
    _LENNARD_JONES,
)

RECORDS = (LENNARD_JONES,)
