"""The embedding energy of Finnis and Sinclair."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

RECORDS = (
    function_form(
        "sqrt-embedding",
        "-D*sqrt(x)",
        "D:eV",
        "M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50, 45 (1984)",
    ),
)
