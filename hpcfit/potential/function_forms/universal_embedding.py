"""The universal embedding energy of Banerjea and Smith."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

RECORDS = (
    function_form(
        "universal-embedding",
        "x > 0 ? F0*(1 - eta*log(x/rho0))*(x/rho0)^eta : 0",
        "F0:eV eta:1 rho0:1",
        "A. Banerjea and J. R. Smith, Phys. Rev. B 37, 6632 (1988)",
    ),
)
