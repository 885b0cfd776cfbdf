"""A three-body term quadratic in the cosine of the angle; LAMMPS supports it only as a table."""

from __future__ import annotations

from hpcfit.records import FormRecord

RECORDS = (FormRecord("cosine-squared"),)
