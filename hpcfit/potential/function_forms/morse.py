"""Morse's function and two of its generalisations."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

_MORSE = "P. M. Morse, Phys. Rev. 34, 57 (1929)"

MORSE_A = function_form(
    "morse-A", "D0*(exp(-2*alpha*(x-r0)) - 2*exp(-alpha*(x-r0)))", "D0:eV r0:A alpha:1/A", _MORSE
)

RECORDS = (
    MORSE_A,
    function_form(
        "morse-B",
        "D0/(S-1)*exp(-beta*sqrt(2*S)*(x-r0)) - D0*S/(S-1)*exp(-beta*sqrt(2/S)*(x-r0)) + delta",
        "D0:eV r0:A beta:1/A S:1 delta:eV",
        _MORSE,
    ),
    function_form(
        "morse-C", "A*exp(-lambda*x) - B*exp(-mu*x) + delta", "A:eV B:eV mu:1/A lambda:1/A delta:eV", _MORSE
    ),
)
