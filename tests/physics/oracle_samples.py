"""Sample parameters and structures for every form that tests/forms describes."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.catalogue import records
from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.library import potential_forms
from hpcfit.records import FloatArray, ParameterKind, PotentialForm, species_tuples
from tests.forms._sample import Sample
from tests.physics.oracle_cells import Structure, random_structures
from tests.physics.oracle_function_cases import FUNCTION_CASES
from tests.physics.oracle_functions import free_places, function_cutoffs, function_parameters, function_tables

#: What tests/forms says of potentials; what it leaves out a test names.
_OWN_SAMPLES = {sample.name: sample for sample in records("tests.forms", Sample)}

REGISTERED = {
    form.name: form.shaped(_OWN_SAMPLES[form.name].sizes)
    for form in potential_forms()
    if form.name in _OWN_SAMPLES
}

#: Potentials that show one function are like others to the tests, but for their name.
FORMS = REGISTERED | {name: replace(REGISTERED["eam"], name=name) for name in FUNCTION_CASES}
SAMPLES = _OWN_SAMPLES | {name: replace(_OWN_SAMPLES["eam"], name=name) for name in FUNCTION_CASES}

#: Those whose atoms act on each other.
INTERACTING = [
    name for name, form in REGISTERED.items() if form.roles or any(row.reach for row in form.parameters)
]

#: Those that show a function of the distance.
OF_DISTANCE = [name for name, case in FUNCTION_CASES.items() if case.role == "pair-interaction"]

#: Every form with one and with three species: what most tests loop over.
CASES = [(name, n_species) for name in REGISTERED for n_species in (1, 3)]

#: And every function.
ALL_CASES = CASES + [(name, 1) for name in FUNCTION_CASES]


def kernel_of(name: str) -> str:
    """Return the name of the potential that evaluates a sample."""
    return FORMS[name].kernel if name in REGISTERED else "eam"


def sample_parameters(form: PotentialForm, n_species: int) -> FloatArray:
    """Return a form's parameters, all different where there are several species."""
    if form.takes_functions:
        return function_parameters(form, n_species)
    rng = np.random.default_rng(7)
    found: list[float] = []
    for row in form.parameters:
        value, low, high = SAMPLES[form.name].values[row.name]
        tuples = species_tuples(row.kind, n_species)
        values = np.array([value]) if n_species == 1 else rng.uniform(low, high, len(tuples))
        if row.step:
            values = row.lower + row.step * np.round((values - row.lower) / row.step)
        if row.name in SAMPLES[form.name].mutual:
            for a, b in itertools.combinations(range(n_species), 2):
                values[tuples.index((b, a, a))] = values[tuples.index((a, b, b))]
        found.extend(values)
    return np.array(found)


def tables(form: PotentialForm, parameters: NDArray[Any], n_species: int) -> dict[str, NDArray[Any]]:
    """Return the parameters by name, an axis for each species of their combinations, centre or host first."""
    found: dict[str, NDArray[Any]] = {}
    place = 0
    for row in form.parameters:
        combinations = species_tuples(row.kind, n_species)
        table = np.zeros((n_species,) * len(combinations[0]), dtype=parameters.dtype)
        for entry in combinations:
            table[entry] = parameters[place]
            if row.kind in (ParameterKind.PAIR, ParameterKind.TRIPLET):
                table[(*entry[:-2], entry[-1], entry[-2])] = parameters[place]
            place += 1
        found[row.name] = table
    return found


def fittable(form: PotentialForm, n_species: int) -> NDArray[np.int32]:
    """Return the places of all fittable parameters in the parameter vector."""
    if form.takes_functions:
        return free_places(form, n_species)
    flags = [row.fittable for row in form.parameters for _ in species_tuples(row.kind, n_species)]
    return np.flatnonzero(flags).astype(np.int32)


def sample_tables(form: PotentialForm, n_species: int) -> dict[str, NDArray[Any]]:
    """Return what the oracles take: a form's sample parameters in extended precision, or functions in NumPy."""
    if form.takes_functions:
        return function_tables(form, n_species)
    return tables(form, sample_parameters(form, n_species).astype(np.longdouble), n_species)


def reach_of(form: PotentialForm, n_species: int) -> float:
    """Return the largest cut-off of a form's sample, Angstrom.

    Without interactions it is 3, so that there are neighbours to be left alone.
    """
    if form.takes_functions:
        return float(function_cutoffs(form, n_species).max())
    return cutoff(form, sample_parameters(form, n_species), n_species) or 3.0


def reaches(form: PotentialForm, table: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the cut-offs [..., n_species, n_species] between two atoms, Angstrom, out of `sample_tables`."""
    if form.takes_functions:
        return table["cutoff"]
    marked = [table[row.name] for row in form.parameters if row.reach]
    if not marked:
        return np.zeros((1, 1))
    # Of three species, the cut-off acts between the first and the third.
    return np.moveaxis(np.sum(marked, axis=0), 0, -2)


def _kinks_of(form: PotentialForm, n_species: int) -> FloatArray:
    """Return the distances [..., n_species, n_species], Angstrom, at which a form is not smooth: cut-offs first."""
    table = sample_tables(form, n_species)
    others = [table[name] for name in SAMPLES[form.name].kinks]
    every = [
        np.broadcast_to(part, (*part.shape[:-2], n_species, n_species))
        for part in (reaches(form, table), *others)
    ]
    return np.concatenate([part.reshape(-1, n_species, n_species) for part in every]).astype(float)


@functools.cache
def sample_structures(name: str, n_species: int, seed: int = 1) -> dict[str, Structure]:
    """Return random structures of all shapes that suit a form."""
    kinks = _kinks_of(FORMS[name], n_species)
    return random_structures(np.random.default_rng(seed), n_species, SAMPLES[name].distance, kinks)
