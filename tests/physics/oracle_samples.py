"""Sample parameters and structures for every potential form: a new form adds its own, and all tests here cover it."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle_cells import Structure, random_structures
from oracle_function_cases import FUNCTION_CASES
from oracle_functions import free_places, function_cutoffs, function_parameters, function_tables

from hpcfit.potential.catalogue import cutoff
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
    mutual: tuple[str, ...] = ()  #: parameters of ordered triplets of which (a, b, b) and (b, a, a) are equal
    sizes: tuple[int, ...] = ()  #: of a form whose table follows from them
    kinks: tuple[str, ...] = ()  #: other distances between atoms at which derivatives of some order jump


SAMPLES = {
    "abop": Sample(
        values={
            "D0": (3.2, 2.5, 4.0),
            "S": (1.6, 1.3, 2.0),
            "r0": (2.22, 2.1, 2.3),
            "beta": (1.5, 1.3, 1.7),
            "gamma": (0.3, 0.1, 0.5),
            "c": (1.6, 1.0, 2.0),
            "d": (0.8, 0.6, 1.2),
            "h": (0.4, -0.2, 0.6),
            "twomu": (0.7, 0.3, 0.9),
            "beta2": (0.9, 0.7, 1.2),
            "powern": (1.1, 0.8, 1.4),
            "m": (1.0, 1.0, 3.0),
            "bigr": (3.2, 3.0, 3.5),
            "bigd": (0.4, 0.3, 0.5),
        },
        distance=2.0,
        continuous=True,
        mutual=("bigr", "bigd"),
    ),
    "adp": Sample(values={}, distance=2.1, continuous=True),
    "born-mayer-huggins": Sample(
        values={
            "A": (0.25, 0.2, 0.3),
            "rho": (0.32, 0.25, 0.4),
            "sigma": (2.3, 2.1, 2.6),
            "C": (30.0, 10.0, 50.0),
            "D": (20.0, 5.0, 40.0),
            "cutoff": (5.0, 4.5, 5.5),
        },
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
    ),
    "buckingham": Sample(
        values={
            "A": (900.0, 700.0, 1100.0),
            "rho": (0.3, 0.27, 0.33),
            "C": (30.0, 10.0, 50.0),
            "cutoff": (5.0, 4.5, 5.5),
        },
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
    ),
    "eam": Sample(values={}, distance=2.1, continuous=True),
    "lennard-jones": Sample(
        values={"sigma": (2.2, 2.1, 2.3), "epsilon": (0.3, 0.2, 0.4), "cutoff": (5.0, 4.5, 5.5)},
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
    ),
    "meam": Sample(values={}, distance=2.1, continuous=True),
    "morse": Sample(
        values={
            "D0": (0.3, 0.2, 0.4),
            "alpha": (1.5, 1.2, 1.8),
            "r0": (2.5, 2.3, 2.7),
            "cutoff": (5.0, 4.5, 5.5),
        },
        distance=2.1,
        continuous=False,  # truncated without shift, by definition
    ),
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
    "tersoff": Sample(
        values={
            "m": (3.0, 1.0, 3.0),
            "gamma": (0.9, 0.7, 1.3),
            "lambda3": (0.8, 0.3, 0.9),
            "c": (1.9, 1.2, 2.4),
            "d": (0.9, 0.7, 1.2),
            "costheta0": (-0.5, -0.6, 0.1),
            "n": (1.2, 0.7, 1.6),
            "beta": (0.4, 0.3, 0.6),
            "lambda2": (1.4, 1.3, 1.7),
            "B": (150.0, 100.0, 200.0),
            "R": (3.1, 2.8, 3.4),
            "D": (0.3, 0.2, 0.5),
            "lambda1": (2.6, 2.4, 3.0),
            "A": (1800.0, 1500.0, 2200.0),
        },
        distance=2.0,
        continuous=True,
        mutual=("R", "D"),
    ),
    "tersoff-mod": Sample(
        values={
            "beta": (1.0, 1.0, 3.0),
            "alpha": (0.9, 0.3, 0.9),
            "h": (-0.365, -0.5, 0.1),
            "eta": (1.1, 0.8, 1.3),
            "lambda2": (1.35, 1.3, 1.6),
            "B": (121.0, 100.0, 150.0),
            "R": (3.0, 2.8, 3.3),
            "D": (0.3, 0.2, 0.5),
            "lambda1": (2.8, 2.6, 3.2),
            "A": (2200.0, 1800.0, 2600.0),
            "n": (0.94, 0.7, 1.2),
            "c1": (0.2, 0.1, 0.4),
            "c2": (1.3, 0.7, 1.6),
            "c3": (1.1, 0.8, 1.6),
            "c4": (0.9, 0.5, 1.2),
            "c5": (2.6, 1.5, 4.0),
        },
        distance=2.0,
        continuous=True,
        mutual=("R", "D"),
    ),
    "edip": Sample(
        values={
            "A": (7.982173, 7.0, 9.0),
            "B": (1.5075463, 1.3, 1.6),
            "cutoffA": (3.121382, 3.0, 3.4),
            "cutoffC": (2.5609104, 2.2, 2.6),
            "alpha": (3.1083847, 2.5, 3.5),
            "beta": (0.0070975, 0.005, 0.02),
            "gamma": (1.1247945, 0.8, 1.4),
            "rho": (1.2085196, 1.0, 2.0),
            "sigma": (0.5774108, 0.4, 0.7),
            "eta": (0.2523244, 0.2, 0.6),
            "lambda": (1.4533108, 1.0, 3.0),
            "mu": (0.6966326, 0.4, 0.8),
            "Q0": (312.1341346, 20.0, 60.0),
            "u1": (-0.165799, -0.3, -0.1),
            "u2": (32.557, 3.0, 6.0),
            "u3": (0.286198, 0.2, 0.4),
            "u4": (0.66, 0.4, 0.7),
        },
        distance=2.1,
        continuous=True,
        kinks=("cutoffC",),
    ),
    "chebyshev": Sample(
        values={
            "c0": (0.4, 0.2, 0.5),
            "c1": (-0.5, -0.6, -0.3),
            "c2": (0.3, 0.2, 0.4),
            "c3": (-0.2, -0.3, -0.1),
            "c4": (0.1, 0.05, 0.2),
            "cutoff": (5.0, 4.5, 5.5),
            "inner": (1.9, 1.7, 2.0),
            "decay": (1.8, 1.5, 2.2),
        },
        distance=2.1,
        continuous=True,
        sizes=(5,),
    ),
    "one-body": Sample(values={"energy": (-1.3, -2.0, 2.0)}, distance=2.1, continuous=True),
}

REGISTERED = {form.name: form.shaped(SAMPLES[form.name].sizes) for form in potential_forms()}

#: Potentials that show one function are like others to the tests, but for their name.
FORMS = REGISTERED | {name: replace(REGISTERED["eam"], name=name) for name in FUNCTION_CASES}
SAMPLES |= {name: Sample(values={}, distance=2.1, continuous=True) for name in FUNCTION_CASES}

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
    return "eam" if name in FUNCTION_CASES else name


def sample_parameters(form: PotentialForm, n_species: int) -> FloatArray:
    """Return a form's parameters, all different where there are several species."""
    if form.roles:
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
    if form.roles:
        return free_places(form, n_species)
    flags = [row.fittable for row in form.parameters for _ in species_tuples(row.kind, n_species)]
    return np.flatnonzero(flags).astype(np.int32)


def sample_tables(form: PotentialForm, n_species: int) -> dict[str, NDArray[Any]]:
    """Return what the oracles take: a form's sample parameters in extended precision, or functions in NumPy."""
    if form.roles:
        return function_tables(form, n_species)
    return tables(form, sample_parameters(form, n_species).astype(np.longdouble), n_species)


def reach_of(form: PotentialForm, n_species: int) -> float:
    """Return the largest cut-off of a form's sample, Angstrom.

    Without interactions it is 3, so that there are neighbours to be left alone.
    """
    if form.roles:
        return float(function_cutoffs(form, n_species).max())
    return cutoff(form, sample_parameters(form, n_species), n_species) or 3.0


def reaches(form: PotentialForm, table: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the cut-offs [..., n_species, n_species] between two atoms, Angstrom, out of `sample_tables`."""
    if form.roles:
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
