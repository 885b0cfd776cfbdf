"""Buckingham."""

from __future__ import annotations

from hpcfit.potential.function_forms.buckingham import BUCKINGHAM
from hpcfit.records import FormRecord, PairStyle

RECORDS = (
    FormRecord(
        "buckingham",
        pair_formula=BUCKINGHAM.formula,
        lammps=PairStyle("lammps-buck", "buck", ("A", "rho", "C", "cutoff"), ("A", "C")),
    ),
)
