"""Sample parameters and structures for every potential form: a new form adds its own, and all tests here cover it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle_cells import Structure, random_structures
from oracle_functions import function_cutoffs, function_parameters, function_tables

from hpcfit.potential.library import potential_forms
from hpcfit.records import FloatArray, ParameterKind, PotentialForm, species_tuples


@dataclass(frozen=True)
class Sample:
    """Sensible parameters of a form; those of functions are in oracle_functions.py."""

    values: dict[
        str, tuple[float, float, float]
    ]  #: the value for one species, the bounds of those for several
    distance: float  #: smallest distance between atoms in the test structures, Angstrom
    continuous: bool  #: whether energy and forces vanish continuously at the cut-off


SAMPLES = {
    "adp": Sample(values={}, distance=2.1, continuous=True),
    "eam": Sample(values={}, distance=2.1, continuous=True),
    "lennard-jones": Sample(
        values={"sigma": (2.2, 2.1, 2.3), "epsilon": (0.3, 0.2, 0.4), "cutoff": (5.0, 4.5, 5.5)},
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
    ),
    "meam": Sample(values={}, distance=2.1, continuous=True),
    "stillinger-weber": Sample(
        values={
            "A": (15.2848, 12.0, 18.0),
            "B": (0.602225, 0.5, 0.7),
            "p": (4.0, 3.5, 4.5),
            "q": (0.0, 0.1, 0.5),
            "sigma": (2.0951, 1.9, 2.3),
            "gamma": (2.51412, 2.0, 3.0),
            "cutoff": (3.77118, 3.4, 4.2),
            "lambda": (45.5322, 20.0, 60.0),
            "costheta0": (-1 / 3, -0.6, 0.1),
        },
        distance=2.1,
        continuous=True,
    ),
}

FORMS = {form.name: form for form in potential_forms()}

#: Every form with one and with three species: what most tests loop over.
CASES = [(name, n_species) for name in FORMS for n_species in (1, 3)]


def sample_parameters(form: PotentialForm, n_species: int) -> FloatArray:
    """Return a form's parameters, all different where there are several species."""
    if form.roles:
        return function_parameters(form, n_species)
    rng = np.random.default_rng(7)
    found: list[float] = []
    for row in form.parameters:
        value, low, high = SAMPLES[form.name].values[row.name]
        n_values = len(species_tuples(row.kind, n_species))
        found.extend([value] if n_species == 1 else rng.uniform(low, high, n_values))
    return np.array(found)


def tables(form: PotentialForm, parameters: NDArray[Any], n_species: int) -> dict[str, NDArray[Any]]:
    """Return the parameters by name: [n, n] for pairs, [n, n, n] with the centre first for triplets."""
    found: dict[str, NDArray[Any]] = {}
    place = 0
    for row in form.parameters:
        table = np.zeros((n_species,) * (2 if row.kind is ParameterKind.PAIR else 3), dtype=parameters.dtype)
        for *centre, a, b in species_tuples(row.kind, n_species):
            table[(*centre, a, b)] = table[(*centre, b, a)] = parameters[place]
            place += 1
        found[row.name] = table
    return found


def fittable(form: PotentialForm, n_species: int) -> NDArray[np.int32]:
    """Return the places of all fittable parameters in the parameter vector."""
    if form.roles:
        return np.arange(len(sample_parameters(form, n_species)), dtype=np.int32)
    flags = [row.fittable for row in form.parameters for _ in species_tuples(row.kind, n_species)]
    return np.flatnonzero(flags).astype(np.int32)


def sample_tables(form: PotentialForm, n_species: int) -> dict[str, NDArray[Any]]:
    """Return what the oracles take: a form's sample parameters in extended precision, or functions in NumPy."""
    if form.roles:
        return function_tables(form, n_species)
    return tables(form, sample_parameters(form, n_species).astype(np.longdouble), n_species)


def cutoffs_of(form: PotentialForm, n_species: int) -> FloatArray:
    """Return all cut-offs of a form's sample [..., n_species, n_species], Angstrom."""
    if form.roles:
        return function_cutoffs(form, n_species)
    return tables(form, sample_parameters(form, n_species), n_species)["cutoff"]


def reach_of(form: PotentialForm, n_species: int) -> float:
    """Return the largest cut-off of a form's sample, Angstrom."""
    return float(cutoffs_of(form, n_species).max())


@functools.cache
def sample_structures(name: str, n_species: int, seed: int = 1) -> dict[str, Structure]:
    """Return random structures of all shapes that suit a form."""
    form = FORMS[name]
    cutoffs = cutoffs_of(form, n_species)
    return random_structures(np.random.default_rng(seed), n_species, SAMPLES[name].distance, cutoffs)
