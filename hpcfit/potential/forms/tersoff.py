"""Tersoff."""

from __future__ import annotations

from hpcfit.records import ColumnFile, FormRecord

#: The columns of LAMMPS's ``tersoff``.
COLUMNS = "m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A"

RECORDS = (
    FormRecord(
        "tersoff",
        species_in_tags=True,
        lammps=ColumnFile(
            "lammps-tersoff",
            "tersoff",
            tuple(COLUMNS.split()),
            energies=("A", "B"),
            not_negative=("gamma", "c", "d", "n", "beta", "lambda2", "B", "R", "D", "lambda1", "A"),
        ),
    ),
)
