"""Every parameter derivative of every potential against Richardson-extrapolated differences."""

from __future__ import annotations

import numpy as np
import pytest
from oracle_kernels import Values, kernel_values, raw_columns, richardson, split
from oracle_samples import CASES, FORMS, fittable, sample_parameters, sample_structures

#: Largest step relative to a parameter. Four levels leave h^8; rounding is 1e-16 / (h / 8).
STEP = 0.02

#: What the project promises, relative to the largest component of the derivative. Measured 4e-11 where a derivative is
#: far smaller than the energies it is the difference of; smaller steps make it worse, so this is rounding.
TOLERANCE = 1e-9

#: Differences of values lose 1e-15 of these, divided by the smallest step: far below the tolerance, except where a
#: derivative is 1e-5 of the values, as that by the end slope of a function that few triplets feel.
ROUNDING = 5e-6


@pytest.mark.parametrize(("name", "n_species"), CASES)
def test_every_derivative(name: str, n_species: int) -> None:
    form = FORMS[name]
    parameters, free = sample_parameters(form, n_species), fittable(form, n_species)
    structures = list(sample_structures(name, n_species).values())
    exact = kernel_values(name, structures, n_species, free)
    none = np.zeros(0, dtype=np.int32)
    errors: list[tuple[float, int, str]] = []
    for column, place in enumerate(free, start=1):

        def values(change: float, place: int = place) -> np.ndarray:
            moved = parameters.copy()
            moved[place] += change
            return raw_columns(name, structures, moved, none, n_species)

        # A parameter of value 0 (an exponent) moves as if it were 0.5.
        step = STEP * max(abs(parameters[place]), 0.5)
        differences = split(richardson(values, step, 4), len(structures))
        errors.extend(_errors(exact, differences, column, step))
    worst = max(errors)
    assert worst[0] < TOLERANCE, f"{worst[2]} by parameter {free[worst[1] - 1]}: {worst[0]}"


def _errors(exact: Values, differences: Values, column: int, step: float) -> list[tuple[float, int, str]]:
    errors = []
    for (part, found), (_, wanted) in zip(exact.parts(), differences.parts(), strict=True):
        scale = np.abs(wanted[0]).max() + ROUNDING * np.abs(found[0]).max() / step
        errors.append((float(np.abs(found[column] - wanted[0]).max() / scale), column, part))
    return errors


@pytest.mark.parametrize(("name", "n_species"), CASES)
def test_every_derivative_is_felt(name: str, n_species: int) -> None:
    """No derivative is zero everywhere: otherwise the comparison above would say nothing."""
    free = fittable(FORMS[name], n_species)
    values = kernel_values(name, list(sample_structures(name, n_species).values()), n_species, free)
    for part, array in values.parts():
        silent = [int(place) for place, column in zip(free, array[1:], strict=True) if not column.any()]
        assert silent == [], f"{part} do not depend on parameters {silent}"
