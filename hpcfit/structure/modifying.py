"""Changes to a structure's atoms: supercells, point defects, deformations, surfaces."""

from __future__ import annotations

from hpcfit.records import Atoms, Modification


def modify(atoms: Atoms, change: Modification) -> Atoms:
    """Return changed atoms; see `Modification`."""
    raise NotImplementedError
