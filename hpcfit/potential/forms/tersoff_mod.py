"""Tersoff's potential as modified by Kumagai; LAMMPS's column beta_ters is always 1."""

from __future__ import annotations

from hpcfit.records import ColumnFile, FormRecord

_COLUMNS = "beta alpha h eta beta_ters lambda2 B R D lambda1 A n c1 c2 c3 c4 c5"

RECORDS = (
    FormRecord(
        "tersoff-mod",
        lammps=ColumnFile(
            "lammps-tersoff-mod",
            "tersoff/mod",
            tuple(_COLUMNS.split()),
            energies=("A", "B"),
            fixed={"beta_ters": 1.0},
            not_negative=("R", "D", "lambda2", "B", "lambda1", "A", "n"),
        ),
    ),
)
