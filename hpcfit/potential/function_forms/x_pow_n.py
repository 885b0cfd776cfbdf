"""A screening function of powers."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import ATOMICREX, function_form

RECORDS = (
    # With x - cutoff, as it is usually written, only even N make sense, and for these it is the same.
    function_form(
        "XpowN-cutoff", "((cutoff-x)/h)^N/(1 + ((cutoff-x)/h)^N)", "h:A N:1", ATOMICREX, h=1.0, N=4.0
    ),
)
