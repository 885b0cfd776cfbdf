"""A Gaussian."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import ATOMICREX, function_form

RECORDS = (
    function_form("gaussian", "prefactor*exp(-eta*(x-mu)^2)", "prefactor:eV eta:1/A^2 mu:A", ATOMICREX),
)
