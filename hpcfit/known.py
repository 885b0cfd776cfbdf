"""The catalogue of everything that a job may name."""

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
    """Return all potentials, functions, minimisers, robust losses, lattices and properties."""
    return Catalogue(
        potential_forms(), function_catalogue(), minimisers(), robust_losses(), structure_catalogue()
    )
