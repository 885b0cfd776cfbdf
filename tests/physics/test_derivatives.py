"""Every parameter derivative of every potential against Richardson-extrapolated differences."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.records import FloatArray, PotentialForm, species_tuples
from tests.physics.oracle_function_cases import FUNCTION_CASES
from tests.physics.oracle_functions import parameter_names, sample_functions
from tests.physics.oracle_kernels import (
    Values,
    geometry_columns,
    geometry_of,
    kernel_values,
    largest_error,
    richardson,
    split,
)
from tests.physics.oracle_samples import (
    ALL_CASES,
    FORMS,
    INTERACTING,
    SAMPLES,
    fittable,
    kernel_of,
    sample_parameters,
    sample_structures,
)

#: Largest step relative to a parameter. Four levels leave h^8; rounding is 1e-16 / (h / 8).
STEP = 0.02

#: Where that is not enough: a parameter of little effect, of which rounding of the values leaves nothing.
LONGER = 10.0

#: For parameters that are distances at which a function has a kink: no pair is closer to it than 1e-3 Angstrom.
STEP_AT_KINK = 2e-4


@pytest.mark.parametrize(("name", "n_species"), ALL_CASES)
def test_every_derivative(name: str, n_species: int) -> None:
    form = FORMS[name]
    parameters, free = sample_parameters(form, n_species), fittable(form, n_species)
    structures = list(sample_structures(name, n_species).values())
    exact = kernel_values(name, structures, n_species, free)
    geometry, none = geometry_of(name, structures, n_species), np.zeros(0, dtype=np.int32)
    steps = _steps(form, parameters, n_species)
    tolerance = SAMPLES[name].tolerance
    errors: list[tuple[float, int, str]] = []
    for column, place in enumerate(free, start=1):

        def values(change: float, place: int = place) -> np.ndarray:
            moved = parameters.copy()
            moved[place] += change
            return geometry_columns(name, geometry, moved, none)

        for factor in (1.0, LONGER):
            differences = split(richardson(values, factor * steps[place], 4), len(structures))
            found = _errors(exact, differences, column)
            if max(found)[0] < tolerance:
                break
        errors.extend(found)
    worst = max(errors)
    assert worst[0] < tolerance, f"{worst[2]} by parameter {free[worst[1] - 1]}: {worst[0]}"


def _steps(form: PotentialForm, parameters: FloatArray, n_species: int) -> FloatArray:
    relative = np.full(len(parameters), STEP)
    names = [row.name for row in form.parameters for _ in species_tuples(row.kind, n_species)]
    kinks = SAMPLES[form.name].kinks
    if form.name in FUNCTION_CASES:
        names = [name for f in sample_functions(form, n_species) for name in parameter_names(f.record)]
        kinks = FUNCTION_CASES[form.name].moving
    for place, name in enumerate(names):
        if name in kinks:
            relative[place] = STEP_AT_KINK
    # A parameter of value 0 (an exponent) moves as if it were 0.5.
    return relative * np.maximum(np.abs(parameters), 0.5)


def _errors(exact: Values, differences: Values, column: int) -> list[tuple[float, int, str]]:
    parts = zip(exact.parts(), differences.parts(), strict=True)
    return [(largest_error(found[column], wanted[0]), column, part) for (part, found), (_, wanted) in parts]


@pytest.mark.parametrize(("name", "n_species"), ALL_CASES)
def test_every_derivative_is_felt(name: str, n_species: int) -> None:
    """No derivative is zero everywhere: otherwise the comparison above would say nothing."""
    free = fittable(FORMS[name], n_species)
    values = kernel_values(name, list(sample_structures(name, n_species).values()), n_species, free)
    for part, array in values.parts():
        if kernel_of(name) not in INTERACTING and part != "energies":
            assert not array.any(), part
            continue
        silent = [int(place) for place, column in zip(free, array[1:], strict=True) if not column.any()]
        assert silent == _shifts(name, part), f"{part} do not depend on parameters {silent}"


def _shifts(name: str, part: str) -> list[int]:
    """Return the places of parameters that shift energies alone."""
    if name not in FUNCTION_CASES or part == "energies":
        return []
    names = [n for f in sample_functions(FORMS[name], 1) for n in parameter_names(f.record)]
    return [place for place, n in enumerate(names) if n in FUNCTION_CASES[name].shifts]
