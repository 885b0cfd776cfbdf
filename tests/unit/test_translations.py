"""Atoms far outside the cell move back by whole vectors."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.translations import cells_away, moved_words, wrapped

CELL = np.array([[3.6, 0.0, 0.0], [0.7, 4.1, 0.0], [0.1, -0.3, 5.3]])
EVERYWHERE = (True, True, True)


@pytest.fixture
def position():
    return np.random.default_rng(1).uniform(0.01, 0.99, (20, 3)) @ CELL


@pytest.mark.parametrize("shift", [(77, 77, 77), (-77, 0, 5), (1000, -1000, 1), (0, 0, 10**6)])
def test_positions_come_back_to_the_last_digit_that_they_hold(position, shift):
    far = position + np.array(shift) @ CELL
    back = wrapped(CELL, EVERYWHERE, far)
    last_digit = np.spacing(np.abs(far).max())
    assert np.abs(back - position).max() <= 2 * last_digit
    assert np.array_equal(cells_away(CELL, EVERYWHERE, far), np.tile(shift, (20, 1)))


def test_positions_near_the_cell_keep_their_bits(position):
    for near in (position, position + CELL[0], position - CELL.sum(axis=0) + 1e-9, np.zeros((1, 3))):
        assert wrapped(CELL, EVERYWHERE, near) is near


def test_directions_that_are_not_periodic_stay(position):
    far = position + 50 * CELL[0] + 60 * CELL[2]
    back = wrapped(CELL, (True, False, False), far)
    n = (far - back) @ CELL[0] / (CELL[0] @ CELL[0])
    assert far - back == pytest.approx(np.round(n)[:, None] * CELL[0], abs=1e-9)
    assert n.min() > 40
    assert wrapped(CELL, (False, False, False), far) is far
    slab = np.vstack([CELL[:2], np.zeros(3)])
    away = cells_away(slab, (True, True, False), position + 9 * CELL[1])
    assert not away[:, 2].any() and (np.abs(away[:, 1]) >= 8).all()


def test_text_decides_not_its_rounding():
    cell = [["3.6", "0", "0"], ["0", "3.6", "0"], ["0", "0", "3.6"]]
    words = [["3601.8", "0", "-277.2"], ["1000.1", "0", "-76.9"]]
    away = np.array([[1000, 0, -77], [1000, 0, -77]])
    found = moved_words(words, cell, away, [False, True])
    assert found.tolist() == [[1.8, 0.0, 0.0], [0.1, 0.0, 0.1]]
    assert 3601.8 - 1000 * 3.6 != 1.8


def test_positions_that_are_not_finite_stay(position):
    position[3, 1] = np.nan
    assert wrapped(CELL, EVERYWHERE, position) is position
