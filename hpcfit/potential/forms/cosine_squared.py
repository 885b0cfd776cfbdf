"""A three-body term that is quadratic in the cosine of the angle; LAMMPS has it as a table alone."""

from __future__ import annotations

from hpcfit.records import FormRecord

RECORDS = (FormRecord("cosine-squared"),)
