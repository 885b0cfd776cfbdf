"""Look-up of observables for the properties of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcfit.catalogue import records
from hpcfit.errors import nearest
from hpcfit.records import Structure
from hpcfit.structure.observables._observable import Observable, ObservableForm

#: All properties by name, in the order of reports.
FORMS = {
    form.name: form
    for form in sorted(records("hpcfit.structure.observables", ObservableForm), key=lambda form: form.rank)
}


def observe(
    structure: Structure, name: str, arguments: Mapping[str, str], masses: Sequence[float]
) -> Observable:
    """Return the observable of a property of a structure.

    Parameters
    ----------
    structure
        The structure.
    name, arguments
        As in `WantedProperty`.
    masses
        Per species of the job, amu; may be empty if the property needs none.

    Raises
    ------
    ValueError
        When the structure does not have the property, or the arguments are invalid.
    """
    form = FORMS.get(name)
    if form is None:
        raise ValueError(f"unknown property, found {name}, nearest {nearest(name, FORMS)}")
    if unknown := [key for key in arguments if key not in form.arguments]:
        raise ValueError(f"unknown attribute of {name}, found {unknown[0]}")
    if form.needs_volume and np.linalg.det(structure.atoms.cell) == 0.0:
        raise ValueError(f"{name} of a structure whose cell has no volume")
    return form.observe(structure, arguments, masses)
