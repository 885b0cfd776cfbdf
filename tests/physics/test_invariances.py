"""What physics demands of every potential: rigid motions, order of atoms and choice of the cell do not matter."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.physics.oracle_cells import Structure
from tests.physics.oracle_kernels import Values, kernel_values
from tests.physics.oracle_samples import ALL_CASES, CASES, FORMS, fittable, sample_structures

#: Functions share the kernel of eam, whose invariances are checked in every run.
parametrize = pytest.mark.parametrize(
    ("name", "n_species"),
    [case if case in CASES else pytest.param(*case, marks=pytest.mark.long) for case in ALL_CASES],
)

#: Measured 2e-14: rounding of moved positions, a few ulp of 10 Angstrom, times the steepness of the functions.
TOLERANCE = 3e-13


def _values(name: str, n_species: int, structure: Structure) -> Values:
    """Return values and all derivatives: these are as invariant as the values."""
    return kernel_values(name, [structure], n_species, fittable(FORMS[name], n_species))


@functools.cache
def _sample_values(name: str, n_species: int) -> dict[str, Values]:
    """Return those of the sample's structures."""
    return {
        label: _values(name, n_species, structure)
        for label, structure in sample_structures(name, n_species).items()
    }


def _assert_alike(found: Values, energies: np.ndarray, forces: np.ndarray, virials: np.ndarray) -> None:
    """Compare column by column, relative to the column's largest number, or to 1 where all terms cancel."""
    differences, scale = np.zeros(len(energies)), np.ones(len(energies))
    for (_, array), wanted in zip(found.parts(), (energies, forces, virials), strict=True):
        axes = tuple(range(1, wanted.ndim))
        differences = np.maximum(differences, np.abs(array - wanted).max(axis=axes))
        scale = np.maximum(scale, np.abs(wanted).max(axis=axes))
    assert (differences <= TOLERANCE * scale).all(), (differences / scale).max()


@parametrize
def test_translation(name: str, n_species: int) -> None:
    for label, structure in sample_structures(name, n_species).items():
        here = _sample_values(name, n_species)[label]
        moved = replace(structure, position=structure.position + np.array([0.3, -5.7, 2.9]))
        _assert_alike(_values(name, n_species, moved), here.energies, here.forces, here.virials)
        _assert_alike(
            here, here.energies, here.forces - here.forces.mean(axis=1, keepdims=True), here.virials
        )


@parametrize
def test_atoms_may_lie_outside_the_cell(name: str, n_species: int) -> None:
    rng = np.random.default_rng(3)
    for label, structure in sample_structures(name, n_species).items():
        here = _sample_values(name, n_species)[label]
        jump = rng.integers(-2, 3, structure.position.shape) * np.array(structure.pbc)
        moved = replace(structure, position=structure.position + jump @ structure.cell)
        _assert_alike(_values(name, n_species, moved), here.energies, here.forces, here.virials)


@parametrize
def test_rotation_and_reflection(name: str, n_species: int) -> None:
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    for q in (turn, -turn):
        for label, structure in sample_structures(name, n_species).items():
            here = _sample_values(name, n_species)[label]
            turned = replace(structure, cell=structure.cell @ q, position=structure.position @ q)
            virials = _voigt(q.T @ _matrix(here.virials) @ q)
            _assert_alike(_values(name, n_species, turned), here.energies, here.forces @ q, virials)


def _matrix(voigt: np.ndarray) -> np.ndarray:
    return voigt[..., [[0, 5, 4], [5, 1, 3], [4, 3, 2]]]


def _voigt(matrix: np.ndarray) -> np.ndarray:
    return np.stack([matrix[..., a, b] for a, b in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))], axis=-1)


@parametrize
def test_order_of_atoms(name: str, n_species: int) -> None:
    rng = np.random.default_rng(2)
    for label, structure in sample_structures(name, n_species).items():
        here = _sample_values(name, n_species)[label]
        order = rng.permutation(len(structure.species))
        shuffled = replace(structure, position=structure.position[order], species=structure.species[order])
        _assert_alike(_values(name, n_species, shuffled), here.energies, here.forces[:, order], here.virials)


@parametrize
def test_supercell(name: str, n_species: int) -> None:
    for label, structure in sample_structures(name, n_species).items():
        here = _sample_values(name, n_species)[label]
        repeats = [2 if periodic else 1 for periodic in structure.pbc]
        shifts = np.array(list(itertools.product(*(range(n) for n in repeats)))) @ structure.cell
        large = Structure(
            cell=structure.cell * np.array(repeats)[:, None],
            pbc=structure.pbc,
            position=(shifts[:, None] + structure.position).reshape(-1, 3),
            species=np.tile(structure.species, len(shifts)),
        )
        n = len(shifts)
        forces = np.tile(here.forces, (1, n, 1))
        _assert_alike(_values(name, n_species, large), n * here.energies, forces, n * here.virials)


@parametrize
def test_structures_of_a_batch_do_not_see_each_other(name: str, n_species: int) -> None:
    structures = list(sample_structures(name, n_species).values())
    alone = list(_sample_values(name, n_species).values())
    together = kernel_values(name, structures, n_species, fittable(FORMS[name], n_species))
    start = np.concatenate([[0], np.cumsum([len(s.species) for s in structures])])
    for k, here in enumerate(alone):
        found = Values(
            energies=together.energies[:, k : k + 1],
            forces=together.forces[:, start[k] : start[k + 1]],
            virials=together.virials[:, k : k + 1],
        )
        _assert_alike(found, here.energies, here.forces, here.virials)
