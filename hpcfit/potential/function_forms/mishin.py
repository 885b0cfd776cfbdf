"""Mishin's functions for copper."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

_MISHIN = "Y. Mishin et al., Phys. Rev. B 63, 224106 (2001)"

RECORDS = (
    function_form(
        "Mishin-Cu-rho",
        "a*exp(-beta1*(x-r1)^2) + exp(-beta2*(x-r2))",
        "a:1 r1:A r2:A beta1:1/A^2 beta2:1/A",
        _MISHIN + ", eq. 5",
    ),
    function_form(
        "Mishin-Cu-F",
        """x < 1 ? F0 + 0.5*F2*(x-1)^2 + q1*(x-1)^3 + q2*(x-1)^4 + q3*(x-1)^5 + q4*(x-1)^6
        : (F0 + 0.5*F2*(x-1)^2 + q1*(x-1)^3 + Q1*(x-1)^4)/(1 + Q2*(x-1)^3)""",
        "F0:eV F2:eV q1:eV q2:eV q3:eV q4:eV Q1:eV Q2:1",
        _MISHIN + ", eqs. 6 and 7",
    ),
    function_form(
        "extended-Mishin-Cu-F",
        """x < 1 ? F0 + 0.5*F2*(x-1)^2 + f3*(x-1)^3 + f4*(x-1)^4 + f5*(x-1)^5 + f6*(x-1)^6
        : (F0 + 0.5*F2*(x-1)^2 + a3*(x-1)^3 + a4*(x-1)^4 + a5*(x-1)^5 + a6*(x-1)^6)
        / (1 + d3*(x-1)^3 + d4*(x-1)^4 + d5*(x-1)^5)""",
        "F0:eV F2:eV f3:eV f4:eV f5:eV f6:eV a3:eV a4:eV a5:eV a6:eV d3:1 d4:1 d5:1",
        _MISHIN,
    ),
)
