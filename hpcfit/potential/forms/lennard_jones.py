"""Lennard-Jones."""

from __future__ import annotations

from hpcfit.potential.function_forms.lennard_jones import LENNARD_JONES
from hpcfit.records import FormRecord, PairStyle

RECORDS = (
    FormRecord(
        "lennard-jones",
        pair_formula=LENNARD_JONES.formula,
        lammps=PairStyle("lammps-lj", "lj/cut", ("epsilon", "sigma", "cutoff"), ("epsilon",)),
    ),
)
