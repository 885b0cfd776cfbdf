"""The kernels called the way the tests want them, and differences to hold against their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import Functions, Geometry, NotFinite, evaluate
from hpcfit.records import FloatArray, Parameter, Potential, with_functions
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_functions import compiled_functions
from tests.physics.oracle_samples import FORMS, SAMPLES, kernel_of, reach_of, sample_parameters


@dataclass(frozen=True)
class Values:
    """Results of an evaluation: [1 + n_free, ...], the values first and then their derivatives."""

    energies: FloatArray
    forces: FloatArray
    virials: FloatArray

    def parts(self) -> tuple[tuple[str, FloatArray], ...]:
        return ("energies", self.energies), ("forces", self.forces), ("virials", self.virials)


def split(columns: FloatArray, n_structures: int) -> Values:
    """Return the columns of an evaluation with virials, part by part."""
    n_columns = len(columns)
    return Values(
        energies=columns[:, :n_structures],
        forces=columns[:, n_structures : -6 * n_structures].reshape(n_columns, -1, 3),
        virials=columns[:, -6 * n_structures :].reshape(n_columns, -1, 6),
    )


def evaluate_sample(
    name: str,
    geometry: Geometry,
    parameters: FloatArray,
    free: NDArray[np.int32],
    columns: FloatArray,
    virials: bool = True,
) -> NotFinite | None:
    """Evaluate a form, with the sample's functions if it is built from functions."""
    if FORMS[name].record.formulas:
        return _evaluate_formulas(name, geometry, parameters, free, columns, virials)
    functions = compiled_functions(FORMS[name], geometry.n_species, free)
    return evaluate(
        kernel_of(name), geometry, parameters, free, columns, virials, functions, sizes=SAMPLES[name].sizes
    )


def of_formulas(name: str, n_species: int, free: NDArray[np.int32]) -> tuple[NDArray[np.int64], Functions]:
    """Return the places of the parameters of a form's functions, and these for a choice of free parameters."""
    form = FORMS[name]
    starts = enumerate(sample_parameters(form, n_species).tolist())
    parameters = tuple(Parameter(f"P.{k}", "", value, -np.inf, np.inf, k in free) for k, value in starts)
    potential = with_functions(Potential("P", name, parameters), form, "ABC"[:n_species])
    places = np.array(potential.function_places)
    chosen = np.flatnonzero(np.isin(places, free))
    return places, compile_potential(potential, form, n_species, [int(k) for k in chosen])


def _evaluate_formulas(
    name: str,
    geometry: Geometry,
    parameters: FloatArray,
    free: NDArray[np.int32],
    columns: FloatArray,
    virials: bool,
) -> NotFinite | None:
    """Evaluate a form made of formulas: a derivative is the sum of those of all functions with the parameter."""
    places, functions = of_formulas(name, geometry.n_species, free)
    own = np.flatnonzero(np.isin(places, free)).astype(np.int32)
    target = np.zeros((1 + len(own), columns.shape[1]))
    found = evaluate(kernel_of(name), geometry, parameters[places], own, target, virials, functions)
    columns[0] += target[0]
    for place, derivative in zip(places[own], target[1:], strict=True):
        columns[1 + free.tolist().index(place)] += derivative
    return found


def raw_columns(
    name: str, structures: list[Structure], parameters: FloatArray, free: NDArray[np.int32], n_species: int
) -> FloatArray:
    """Return the columns of one evaluation into zeros; the neighbours reach beyond every cut-off."""
    return geometry_columns(name, geometry_of(name, structures, n_species), parameters, free)


def geometry_of(name: str, structures: list[Structure], n_species: int) -> Geometry:
    """Return structures with neighbours that reach beyond every cut-off of a form's sample parameters."""
    return Geometry(batch_of(structures, reach_of(FORMS[name], n_species) + 0.2, n_species))


def geometry_columns(
    name: str, geometry: Geometry, parameters: FloatArray, free: NDArray[np.int32]
) -> FloatArray:
    """Return the columns of one evaluation into zeros."""
    columns = np.zeros((1 + len(free), geometry.n_rows(True)))
    assert evaluate_sample(name, geometry, parameters, free, columns) is None
    return columns


NOTHING_FREE = np.zeros(0, dtype=np.int32)


def kernel_values(
    name: str, structures: list[Structure], n_species: int, free: NDArray[np.int32] = NOTHING_FREE
) -> Values:
    """Return what the kernels make of structures with a form's sample parameters."""
    parameters = sample_parameters(FORMS[name], n_species)
    return split(raw_columns(name, structures, parameters, free, n_species), len(structures))


def richardson(function: Callable[[Any], Any], step: Any, levels: int) -> Any:
    """Return the derivative of a function at 0: central differences at step / 2^k, extrapolated to 0."""
    row = [(function(h) - function(-h)) / (2 * h) for h in (step / 2**k for k in range(levels))]
    for order in range(1, levels):
        weight = 4**order
        row = [(weight * fine - coarse) / (weight - 1) for coarse, fine in pairwise(row)]
    return row[0]


def largest_error(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Return the largest difference relative to the largest magnitude wanted (absolute where all are zero)."""
    if wanted.size == 0:
        return 0.0
    return float(np.abs(found - wanted).max() / (np.abs(wanted).max() or 1.0))
