"""What a job may ask of structures, in one record."""

from __future__ import annotations

from hpcfit.records import StructureCatalogue
from hpcfit.structure.building import LATTICES, build
from hpcfit.structure.checking import check
from hpcfit.structure.modifying import modify
from hpcfit.structure.observing import FORMS
from hpcfit.structure.reading import read


def structure_catalogue() -> StructureCatalogue:
    """Return the library of lattices, the properties, and how structures are built, changed, read and checked."""
    return StructureCatalogue(LATTICES, tuple(FORMS.values()), build, modify, read, check)
