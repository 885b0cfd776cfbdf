"""The gradient of a weighed sum of energies, forces and virials, by reverse mode, against the columns it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.potential.library import Geometry, gradient, has_gradient
from hpcfit.records import FloatArray
from tests.physics.oracle_functions import compiled_functions
from tests.physics.oracle_kernels import geometry_columns, geometry_of, of_formulas
from tests.physics.oracle_samples import (
    ALL_CASES,
    FORMS,
    fittable,
    kernel_of,
    sample_parameters,
    sample_structures,
)

#: Potentials made of formulas, whose functions share parameters, are in tests/unit/objective/test_gradient.py.
CASES = [
    case for case in ALL_CASES if has_gradient(kernel_of(case[0])) and not FORMS[case[0]].record.formulas
]


def _gradient(name: str, geometry: Geometry, weights: FloatArray, virials: bool) -> FloatArray:
    form, n_species = FORMS[name], geometry.n_species
    free, start = fittable(form, n_species), sample_parameters(form, n_species)
    if form.record.formulas:
        # Several functions may have one parameter.
        places, functions = of_formulas(name, n_species, free)
        own = np.flatnonzero(np.isin(places, free)).astype(np.int32)
        found = gradient(kernel_of(name), geometry, start[places], own, weights, virials, functions)
        return np.array([found[places[own] == place].sum() for place in free])
    functions = compiled_functions(form, n_species, free)
    assert functions is not None
    return gradient(kernel_of(name), geometry, start, free, weights, virials, functions)


@pytest.mark.parametrize(("name", "n_species"), CASES)
@pytest.mark.parametrize("virials", [True, False])
def test_gradient_is_that_of_the_columns(name: str, n_species: int, virials: bool) -> None:
    form, structures = FORMS[name], list(sample_structures(name, n_species).values())
    geometry = geometry_of(name, structures, n_species)
    columns = geometry_columns(name, geometry, sample_parameters(form, n_species), fittable(form, n_species))
    columns = columns[1:, : geometry.n_rows(virials)]
    weights = np.random.default_rng(5).normal(size=geometry.n_rows(virials))
    found, wanted = _gradient(name, geometry, weights, virials), columns @ weights
    # Rounding of sums over some thousand pairs; measured 2e-15 at most.
    assert np.abs(found - wanted).max() < 1e-13 * (np.abs(columns) @ np.abs(weights)).max()
    assert (found != 0).all()


def test_potentials_without_reverse_mode_are_refused() -> None:
    name = "stillinger-weber"
    assert not has_gradient(name)
    geometry = geometry_of(name, list(sample_structures(name, 1).values()), 1)
    functions = compiled_functions(FORMS["eam"], 1, fittable(FORMS["eam"], 1))
    assert functions is not None
    arguments = (
        np.zeros(functions.n_parameters),
        np.zeros(0, dtype=np.int32),
        np.zeros(geometry.n_rows(False)),
    )
    with pytest.raises(ValueError, match="a potential without reverse mode"):
        gradient(name, geometry, *arguments, False, functions)
