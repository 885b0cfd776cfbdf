"""Born, Mayer and Huggins."""

from __future__ import annotations

from hpcfit.records import FormRecord, PairStyle

RECORDS = (
    FormRecord(
        "born-mayer-huggins",
        pair_formula="A*exp((sigma-x)/rho) - C/x^6 + D/x^8",
        lammps=PairStyle("lammps-born", "born", ("A", "rho", "sigma", "C", "D", "cutoff"), ("A", "C", "D")),
    ),
)
