"""Energies, forces and virials of every potential against its independent specification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpcfit.catalogue import records
from hpcfit.job.potentials.functions import OWN_SYNTAX
from hpcfit.potential.function_program import FUNCTION_FORMS
from hpcfit.potential.library import potential_forms
from hpcfit.records import FormRecord, PotentialForm
from tests.physics.oracle import oracle_energy, oracle_function
from tests.physics.oracle_function_cases import FUNCTION_CASES
from tests.physics.oracle_functions import sample_functions
from tests.physics.oracle_kernels import kernel_values, largest_error, richardson
from tests.physics.oracle_samples import (
    ALL_CASES,
    FORMS,
    REGISTERED,
    SAMPLES,
    sample_structures,
    sample_tables,
)

#: 80-bit numbers, 1e-3 Angstrom away from every kink: three levels leave 1e-15 of truncation and of rounding; two
#: leave 1e-12 where functions like exp(1 / (r - cutoff)) bend most.
STEP = np.longdouble(1e-4)

#: Roots of small densities leave 1e-12 of truncation in the differences.
ROOTS = 1e-11
EMBEDDING = [name for name, case in FUNCTION_CASES.items() if case.role == "embedding-energy"]

#: Order xx yy zz yz xz xy; the shear of one component is half in each of its two places.
STRAINS = [
    0.5 * (np.outer(x, y) + np.outer(y, x))
    for x, y in np.eye(3)[[[0, 0], [1, 1], [2, 2], [1, 2], [0, 2], [0, 1]]]
]


@pytest.mark.parametrize("form", potential_forms(), ids=lambda form: form.name)
def test_every_form_has_a_record_and_a_sample(form: PotentialForm) -> None:
    file = form.name.replace("-", "_")
    assert form.record.name, f"write hpcfit/potential/forms/{file}.py"
    assert form.name in REGISTERED, f"write tests/forms/{file}.py"
    assert set(SAMPLES[form.name].values) == {row.name for row in REGISTERED[form.name].parameters}


def test_every_record_is_that_of_a_form() -> None:
    names = {form.name for form in potential_forms()}
    assert {record.name for record in records("hpcfit.potential.forms", FormRecord)} == names
    assert set(SAMPLES) - set(FUNCTION_CASES) == names


def test_every_function_has_a_sample() -> None:
    shown = {case.record.form for case in FUNCTION_CASES.values()}
    assert shown == {*FUNCTION_FORMS, *OWN_SYNTAX}


@pytest.mark.parametrize("name", [name for name, form in REGISTERED.items() if form.takes_functions])
def test_every_role_has_formulas_and_splines_and_both_joined(name: str) -> None:
    found: dict[str, set[str]] = {role.name: set() for role in REGISTERED[name].roles}
    for function in sample_functions(REGISTERED[name], 3):
        found[function.role].add(function.record.form)
    assert found == {role: {"user-function", "spline", "sum"} for role in found}


@pytest.mark.parametrize(("name", "n_species"), ALL_CASES)
def test_energies(name: str, n_species: int) -> None:
    structures = sample_structures(name, n_species)
    table = sample_tables(FORMS[name], n_species)
    found = kernel_values(name, list(structures.values()), n_species).energies[0]
    wanted = np.array([oracle_energy(name, s, table) for s in structures.values()])
    error = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1.0)
    # Measured 2e-14: rounding of a few hundred terms, each with an exponential good to 4 ulp.
    assert error.max() < 2e-13, dict(zip(structures, error, strict=True))


@pytest.mark.parametrize(("name", "n_species"), ALL_CASES)
def test_forces_and_virials_along_random_directions(name: str, n_species: int) -> None:
    """Each direction moves all coordinates, or all strains, by 1 or -1, so that a wrong component shows in full."""
    rng = np.random.default_rng(4)
    for label, structure in sample_structures(name, n_species).items():
        energy = oracle_function(name, structure, sample_tables(FORMS[name], n_species))
        found = kernel_values(name, [structure], n_species)
        forces, virial = found.forces[0], found.virials[0, 0]
        force_scale, virial_scale = _scale(forces), _scale(virial)
        still, unstrained = np.zeros_like(structure.position), np.zeros((3, 3))
        for _ in range(2):
            move = rng.choice([-1.0, 1.0], still.shape)
            error = np.abs(np.vdot(forces, move) + _slope(energy, move, unstrained))
            assert error < _tolerance(name) * force_scale, f"forces of {label}: {error}"
            signs = rng.choice([-1.0, 1.0], 6)
            error = np.abs(virial @ signs + _slope(energy, still, np.tensordot(signs, STRAINS, 1)))
            assert error < _tolerance(name) * virial_scale, f"virial of {label}: {error}"


def _scale(numbers: np.ndarray) -> float:
    """Return the sum of the magnitudes, 1 where rounding alone is left, as of the forces on a single atom."""
    total = float(np.abs(numbers).sum())
    return total if total > 1e-9 else 1.0


def _tolerance(name: str) -> float:
    """Measured 5e-14 for forces and 2e-13 for virials, where large terms cancel in the sum."""
    return ROOTS if name in EMBEDDING else 1e-12


@pytest.mark.long
@pytest.mark.parametrize(("name", "n_species"), ALL_CASES)
def test_every_force_and_virial(name: str, n_species: int) -> None:
    structures = sample_structures(name, n_species)
    table = sample_tables(FORMS[name], n_species)
    for label, structure in structures.items():
        energy = oracle_function(name, structure, table)
        found = kernel_values(name, [structure], n_species)
        still, unstrained = np.zeros_like(structure.position), np.zeros((3, 3))
        forces = [-_slope(energy, moved, unstrained) for moved in _units(still.shape)]
        tolerance = _tolerance(name)
        error = largest_error(found.forces[0].ravel(), np.array(forces))
        assert error < tolerance, f"forces of {label}: {error}"
        virial = [-_slope(energy, still, strain) for strain in STRAINS]
        error = largest_error(found.virials[0, 0], np.array(virial))
        assert error < tolerance, f"virial of {label}: {error}"


def _slope(energy: Callable[[Any, Any], Any], displacement: np.ndarray, strain: np.ndarray) -> Any:
    return richardson(lambda h: energy(h * displacement, h * strain), STEP, 3)


def _units(shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(int(np.prod(shape))).reshape(-1, *shape)
