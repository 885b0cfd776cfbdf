"""Checks that a slab has the composition of the bulk to which its surface energy refers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from lxml import etree

from hpcfit.job.structures.scope import Scope
from hpcfit.records import DerivedProperty, Structure

#: The property of a slab, and the attribute that names its bulk.
SURFACE_ENERGY, BULK = "surface-energy", "bulk"


def check_composition(
    derived: DerivedProperty, element: etree._Element, structures: Mapping[str, Structure], scope: Scope
) -> None:
    """Report a slab that is no multiple of its bulk: its surface energy depends on chemical potentials."""
    slab, bulk = (structures.get(name) for name in (derived.terms[0].structure, derived.terms[1].structure))
    if slab is None or bulk is None or not len(slab.atoms) or not len(bulk.atoms):
        return
    n = len(scope.species)
    own, whole = (np.bincount(one.atoms.species, minlength=n) for one in (slab, bulk))
    if (own * len(bulk.atoms) != whole * len(slab.atoms)).any():
        found, allowed = (
            " ".join(f"{symbol}{count}" for symbol, count in zip(scope.species, counts, strict=True) if count)
            for counts in (own, whole)
        )
        what = f"<{SURFACE_ENERGY}> of a slab of another composition than '{bulk.id}'"
        allowed = f"a multiple of {allowed}; others by <derived-property>"
        scope.faults.add(element, what, found, allowed)
