"""What follows from a potential's parameter table and its values."""

from __future__ import annotations

from hpcfit.records import FloatArray, PotentialForm, species_tuples


def cutoff(form: PotentialForm, values: FloatArray, n_species: int) -> float:
    """Return the distance, Angstrom, beyond which atoms do not interact.

    Parameters
    ----------
    form
        The potential.
    values
        All its parameters, in the order of its table, combinations of species inside.
    n_species
        Number of species of the job.
    """
    reach, place = 0.0, 0
    for parameter in form.parameters:
        count = len(species_tuples(parameter.kind, n_species))
        if parameter.name == "cutoff":
            reach = max(reach, float(values[place : place + count].max()))
        place += count
    return reach
