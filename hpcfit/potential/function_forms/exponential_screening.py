"""Screening functions that fall exponentially from 1 to 0."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import ATOMICREX, function_form

RECORDS = (
    # Divided by its value at 0 (that is, at rc), exp(-sign(n) alpha / (1 - t^n)) is the
    # same function for n and -n.
    function_form("exp-A", "exp(1/(x-cutoff) + 1/cutoff)", "", ATOMICREX),
    function_form(
        "exp-B",
        """x <= rc ? 1 : exp(alpha - alpha/(1 - ((x-rc)/(cutoff-rc))^abs(exponent)))""",
        "rc:A alpha:1 exponent:1",
        ATOMICREX,
    ),
    function_form(
        "exp-gaussian",
        """exp(alpha - alpha/(1 - (x/cutoff)^abs(exponent)) - x^2/(2*stddev^2))""",
        "stddev:A alpha:1 exponent:1",
        ATOMICREX,
    ),
)
