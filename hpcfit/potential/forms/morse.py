"""Morse."""

from __future__ import annotations

from hpcfit.potential.function_forms.morse import MORSE_A
from hpcfit.records import FormRecord, PairStyle

RECORDS = (
    FormRecord(
        "morse",
        pair_formula=MORSE_A.formula,
        lammps=PairStyle("lammps-morse", "morse", ("D0", "alpha", "r0", "cutoff"), ("D0",)),
    ),
)
