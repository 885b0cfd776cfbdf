"""The repulsion of Born and Mayer."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

RECORDS = (
    function_form(
        "born-mayer", "A*exp(-x/rho)", "A:eV rho:A", "M. Born and J. E. Mayer, Z. Phys. 75, 1 (1932)"
    ),
)
