"""Sample parameters and structures for every potential form: a new form adds its own, and all tests here cover it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle_cells import Structure, random_structures

from hpcfit.potential.catalogue import REACH, cutoff
from hpcfit.potential.library import potential_forms
from hpcfit.records import FloatArray, ParameterKind, PotentialForm, species_tuples


@dataclass(frozen=True)
class Sample:
    """Sensible parameters of a form."""

    values: dict[
        str, tuple[float, float, float]
    ]  #: the value for one species, the bounds of those for several
    distance: float  #: smallest distance between atoms in the test structures, Angstrom
    continuous: bool  #: whether energy and forces vanish continuously at the cut-off
    kinks: tuple[str, ...] = ()  #: other distances between atoms at which derivatives of some order jump


SAMPLES = {
    "lennard-jones": Sample(
        values={"sigma": (2.2, 2.1, 2.3), "epsilon": (0.3, 0.2, 0.4), "cutoff": (5.0, 4.5, 5.5)},
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
    "one-body": Sample(values={"energy": (-1.3, -2.0, 2.0)}, distance=2.1, continuous=True),
}

FORMS = {form.name: form for form in potential_forms() if not form.roles}

#: Those whose atoms act on each other.
INTERACTING = [name for name in FORMS if name != "one-body"]

#: Every form with one and with three species: what most tests loop over.
CASES = [(name, n_species) for name in FORMS for n_species in (1, 3)]


def sample_parameters(form: PotentialForm, n_species: int) -> FloatArray:
    """Return a form's parameters, all different where there are several species."""
    rng = np.random.default_rng(7)
    found: list[float] = []
    for row in form.parameters:
        value, low, high = SAMPLES[form.name].values[row.name]
        n_values = len(species_tuples(row.kind, n_species))
        found.extend([value] if n_species == 1 else rng.uniform(low, high, n_values))
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
    flags = [row.fittable for row in form.parameters for _ in species_tuples(row.kind, n_species)]
    return np.flatnonzero(flags).astype(np.int32)


def reach_of(form: PotentialForm, n_species: int) -> float:
    """Return the reach of a form with its sample parameters, Angstrom.

    Without interactions it is 3, so that there are neighbours to be left alone.
    """
    return cutoff(form, sample_parameters(form, n_species), n_species) or 3.0


def _kinks_of(form: PotentialForm, n_species: int) -> list[FloatArray]:
    """Return the distances [n_species, n_species], Angstrom, at which a form is not smooth: its cut-offs first."""
    table = tables(form, sample_parameters(form, n_species), n_species)
    cutoffs = sum((table[name] for name in REACH if name in table), np.zeros((n_species, n_species)))
    return [cutoffs, *(table[name] for name in SAMPLES[form.name].kinks)]


@functools.cache
def sample_structures(name: str, n_species: int, seed: int = 1) -> dict[str, Structure]:
    """Return random structures of all shapes that suit a form."""
    kinks = _kinks_of(FORMS[name], n_species)
    return random_structures(np.random.default_rng(seed), n_species, SAMPLES[name].distance, kinks)
