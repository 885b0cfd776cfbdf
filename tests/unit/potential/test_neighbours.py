"""Neighbours found by the library against brute force, small skewed cells and every periodicity included."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hpcfit.potential.library import Batch
from hpcfit.potential.neighbours import complete, find_neighbours, find_pairs
from hpcfit.records import Configurations
from tests.physics.oracle_cells import Structure, batch_of, random_structures

CUTOFF = 4.3


def _configurations(structures: list[Structure]) -> Configurations:
    """Return structures as a dataset holds them; cells without any periodicity are zero there."""
    n = len(structures)
    counts = [len(s.species) for s in structures]
    n_atoms = sum(counts)
    return Configurations(
        symbols=("C", "Si", "Ge"),
        groups=("all",),
        ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        cell=np.array([s.cell if any(s.pbc) else np.zeros((3, 3)) for s in structures]).reshape(n, 3, 3),
        pbc=np.array([s.pbc for s in structures], dtype=bool).reshape(n, 3),
        energy=np.zeros(n),
        stress=np.zeros((n, 6)),
        mask=np.zeros(n, dtype=np.uint8),
        group=np.zeros(n, dtype=np.int32),
        weight=np.ones(n),
        id=np.zeros((n, 16), dtype=np.uint8),
        species=np.concatenate([*(s.species for s in structures), np.zeros(0, dtype=np.int32)]),
        position=np.concatenate([*(s.position for s in structures), np.zeros((0, 3))]),
        force=np.zeros((n_atoms, 3)),
    )


def _rows(batch: Batch, atom: int) -> list[tuple[float, ...]]:
    """Return the neighbours of an atom, place and vector, in an order that does not depend on who found them."""
    run = slice(batch.neighbour_start[atom], batch.neighbour_start[atom + 1])
    rows = np.column_stack([batch.neighbour[run], batch.vector[run]])
    return sorted(tuple(float(x) for x in np.round(row, 9) + 0.0) for row in rows)


def _assert_same(structures: list[Structure]) -> None:
    found = find_neighbours(_configurations(structures), [0, 1, 2], 3, CUTOFF)
    wanted = batch_of(structures, CUTOFF, 3)
    assert found.n_species == 3
    for name in ("structure_start", "species", "neighbour_start"):
        left, right = getattr(found, name), getattr(wanted, name)
        assert left.dtype == right.dtype
        assert np.array_equal(left, right), name
    assert found.neighbour.dtype == np.int32
    assert found.vector.dtype == np.float64
    for atom in range(len(found.species)):
        assert _rows(found, atom) == _rows(wanted, atom), f"atom {atom}"


def _random(seed: int) -> list[Structure]:
    cutoffs = np.full((3, 3), CUTOFF)
    return list(random_structures(np.random.default_rng(seed), 3, 2.1, cutoffs).values())


@pytest.mark.parametrize("seed", range(5))
def test_random_structures(seed: int) -> None:
    structures = _random(seed)
    assert max(np.abs(np.linalg.det(s.cell)) ** (1 / 3) for s in structures) > CUTOFF
    assert min(np.abs(np.linalg.det(s.cell)) ** (1 / 3) for s in structures) < CUTOFF
    _assert_same(structures)


@pytest.mark.parametrize("pbc", list(itertools.product([False, True], repeat=3)))
def test_every_periodicity(pbc: tuple[bool, bool, bool]) -> None:
    rng = np.random.default_rng(4)
    cell = np.array([[3.1, 0.2, 0.0], [1.4, 2.9, 0.3], [-0.8, 0.9, 2.7]])
    species = np.array([0, 2, 1, 0], dtype=np.int32)
    inside = rng.uniform(0, 1, (4, 3)) @ cell
    outside = rng.uniform(-2, 3, (4, 3)) @ cell
    _assert_same([Structure(cell, pbc, inside, species), Structure(cell, pbc, outside, species)])


def test_left_handed_cell() -> None:
    cell = np.array([[3.1, 0.2, 0.0], [-0.8, 0.9, 2.7], [1.4, 2.9, 0.3]])
    assert np.linalg.det(cell) < 0
    _assert_same([Structure(cell, (True, True, True), np.zeros((1, 3)), np.zeros(1, dtype=np.int32))])


def test_species_are_renumbered() -> None:
    configurations = _configurations(_random(0))
    batch = find_neighbours(configurations, [2, 0, 1], 3, CUTOFF)
    assert np.array_equal(batch.species, np.array([2, 0, 1])[configurations.species])


def test_no_configurations() -> None:
    batch = find_neighbours(_configurations([]), [0, 1, 2], 3, CUTOFF)
    assert batch.structure_start.tolist() == batch.neighbour_start.tolist() == [0]
    assert len(batch.species) == len(batch.neighbour) == len(batch.vector) == 0


def test_no_neighbours_without_reach() -> None:
    configurations = _configurations(_random(0))
    batch, wanted = (find_neighbours(configurations, [2, 0, 1], 3, cutoff) for cutoff in (0.0, 1e-3))
    for name in ("structure_start", "species", "neighbour_start", "neighbour", "vector"):
        found, other = getattr(batch, name), getattr(wanted, name)
        assert found.dtype == other.dtype, name
        assert np.array_equal(found, other), name


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_the_neighbours(seed: int) -> None:
    """Pairs by images give the vectors that the search of whole configurations gives, in an order of their own."""
    structures = _random(seed)
    wanted = batch_of(structures, CUTOFF, 3)
    first = 0
    for one in structures:
        pairs = find_pairs(one.cell, np.array(one.pbc), one.position, CUTOFF)
        vector = one.position[pairs.second] - one.position[pairs.first] + pairs.shift @ one.cell
        keys = np.column_stack([pairs.first, pairs.second, pairs.shift])
        assert np.array_equal(keys, np.unique(keys, axis=0))
        for atom in range(len(one.species)):
            run = slice(pairs.start[atom], pairs.start[atom + 1])
            assert (pairs.first[run] == atom).all()
            rows = np.round(np.column_stack([pairs.second[run] + first, vector[run]]), 9) + 0.0
            assert sorted(tuple(float(x) for x in row) for row in rows) == _rows(wanted, first + atom)
        first += len(one.species)


def test_pairs_of_layers_and_molecules() -> None:
    layer = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 0]])
    pbc = np.array([True, True, False])
    assert len(find_pairs(layer, pbc, np.zeros((1, 3)), 2.1).first) == 4
    position = np.array([[0.0, 0, 0], [0, 0, 2.0]])
    assert len(find_pairs(layer, pbc, position, 2.1).first) == 2 * 5
    assert find_pairs(np.zeros((3, 3)), np.zeros(3, bool), position, 2.1).second.tolist() == [1, 0]
    assert len(find_pairs(layer, pbc, position, 0.0).first) == 0
    assert abs(np.linalg.det(complete(layer))) == pytest.approx(4.0)
