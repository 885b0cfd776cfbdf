"""What follows from a potential's parameter table and its values."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray, PotentialForm, species_tuples

#: Parameters that bound how far atoms interact; where a potential has several of them, their sum does.
REACH = ("cutoff", "cutoffA")


def cutoff(form: PotentialForm, values: FloatArray, n_species: int) -> float:
    """Return the distance, Angstrom, beyond which atoms do not interact; 0 where they never do.

    Parameters
    ----------
    form
        The potential.
    values
        All its parameters, in the order of its table, combinations of species inside.
    n_species
        Number of species of the job.
    """
    bounds, place = [], 0
    for parameter in form.parameters:
        count = len(species_tuples(parameter.kind, n_species))
        if parameter.name in REACH:
            bounds.append(values[place : place + count])
        place += count
    return float(np.sum(bounds, axis=0).max()) if bounds else 0.0
