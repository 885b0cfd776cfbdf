"""The catalogue of structures: lattices, properties and functions on structures."""

from __future__ import annotations

from hpcfit.records import StructureCatalogue
from hpcfit.structure.building import LATTICES, build
from hpcfit.structure.checking import check
from hpcfit.structure.modifying import modify
from hpcfit.structure.observing import FORMS
from hpcfit.structure.reading import read


def structure_catalogue() -> StructureCatalogue:
    """Return the lattices, the properties, and the functions that build, modify, read and check structures."""
    return StructureCatalogue(LATTICES, tuple(FORMS.values()), build, modify, read, check)
