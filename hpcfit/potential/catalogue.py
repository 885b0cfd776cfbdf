"""Quantities derived from a potential's parameters."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray, PotentialForm, species_tuples


def cutoff(form: PotentialForm, values: FloatArray, n_species: int) -> float:
    """Return the distance, Angstrom, beyond which atoms do not interact; 0 if they never do.

    Parameters
    ----------
    form
        The potential.
    values
        All its parameters, in the order of its table, combinations of species inside.
    n_species
        Number of species of the job.
    """
    counts = [len(species_tuples(parameter.kind, n_species)) for parameter in form.parameters]
    blocks = np.split(values, np.cumsum(counts))[:-1]
    marked = [block for parameter, block in zip(form.parameters, blocks, strict=True) if parameter.reach]
    return float(np.sum(marked, axis=0).max()) if marked else 0.0
