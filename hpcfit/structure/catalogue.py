"""What a job may ask of structures, in one record."""

from __future__ import annotations

from hpcfit.records import StructureCatalogue
from hpcfit.structure.building import build, lattice_forms
from hpcfit.structure.checking import check
from hpcfit.structure.forms import PROPERTIES
from hpcfit.structure.modifying import modify
from hpcfit.structure.reading import read


def structure_catalogue() -> StructureCatalogue:
    """Return the library of lattices, the properties, and how structures are built, changed, read and checked."""
    return StructureCatalogue(lattice_forms(), PROPERTIES, build, modify, read, check)
