"""Everything that a job may name, collected from the rooms that hold the records."""

from __future__ import annotations

from functools import cache

from hpcfit.objective.losses import robust_losses
from hpcfit.potential.functions import function_catalogue
from hpcfit.potential.library import potential_forms
from hpcfit.records import Catalogue
from hpcfit.solver.minimisers import minimisers
from hpcfit.structure.catalogue import structure_catalogue


@cache
def catalogue() -> Catalogue:
    """Return the potentials, functions, minimisers, robust losses, lattices and properties that there are."""
    return Catalogue(
        potential_forms(), function_catalogue(), minimisers(), robust_losses(), structure_catalogue()
    )
