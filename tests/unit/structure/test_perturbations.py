"""Changes of a structure: what moves, and what stays where it is."""

import numpy as np
import pytest

from hpcfit.structure.perturbations import Displaced, Sized, Strained, Unchanged, origins_of

RANDOM = np.random.default_rng(4)
CELLS = 4.0 * np.eye(3) + RANDOM.normal(scale=0.3, size=(2, 3, 3))
POSITIONS = RANDOM.normal(size=(2, 3, 3))
MULTIPLES = ((2, 0, 0), (1, 1, 0), (0, 1, 3))


def test_a_displaced_atom_is_all_that_moves():
    cell, position = Displaced(1, 2, 0.25).apply(CELLS, POSITIONS)
    assert (cell == CELLS).all()
    moved = np.zeros((3, 3))
    moved[1, 2] = 0.25
    np.testing.assert_allclose(position - POSITIONS, [moved, moved], atol=1e-15)


def test_a_displaced_atom_of_a_supercell_stands_in_its_first_cell():
    cell, position = Displaced(1, 2, 0.25, MULTIPLES).apply(CELLS, POSITIONS)
    np.testing.assert_allclose(
        cell[0], [2 * CELLS[0, 0], CELLS[0, 0] + CELLS[0, 1], CELLS[0, 1] + 3 * CELLS[0, 2]]
    )
    # As many copies of the atoms as the volume holds cells.
    assert np.linalg.det(cell[0]) / np.linalg.det(CELLS[0]) == pytest.approx(6.0)
    cells = position.reshape(2, 6, 3, 3) - POSITIONS[:, None]
    cells[:, 0, 1, 2] -= 0.25
    whole = cells @ np.linalg.inv(CELLS)[:, None]
    np.testing.assert_allclose(
        whole, np.array(origins_of(MULTIPLES))[None, :, None] * np.ones((2, 1, 3, 1)), atol=1e-12
    )


def test_cells_of_a_supercell_are_those_that_its_vectors_do_not_join():
    origins = origins_of(MULTIPLES)
    assert origins[0] == (0, 0, 0)
    assert len(set(origins)) == len(origins) == 6
    places = np.array(origins) @ np.linalg.inv(np.array(MULTIPLES, dtype=float))
    apart = (places[:, None] - places)[~np.eye(6, dtype=bool)]
    assert (np.abs(apart - np.rint(apart)).max(axis=1) > 0.1).all()


def test_strain_and_size():
    gradient = np.eye(3) + RANDOM.normal(scale=0.1, size=(3, 3))
    cell, position = Strained(tuple(gradient.ravel())).apply(CELLS, POSITIONS)
    assert (cell == CELLS @ gradient).all() and (position == POSITIONS @ gradient).all()
    cell, position = Sized(50.0).apply(CELLS, POSITIONS)
    np.testing.assert_allclose(np.abs(np.linalg.det(cell)), 50.0)
    np.testing.assert_allclose(position @ np.linalg.inv(cell), POSITIONS @ np.linalg.inv(CELLS))
    assert Unchanged().apply(CELLS, POSITIONS) == (CELLS, POSITIONS)
