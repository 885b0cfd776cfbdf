"""Molecules: structures that are not periodic."""

from __future__ import annotations

from hpcfit.records import LatticeForm
from hpcfit.structure.lattices._sites import fixed

RECORDS = (
    LatticeForm("dimer", (), "two atoms, not periodic", "dimer", fixed((0, 0, 0, 0), (1, 1, 0, 0)), 2),
)
