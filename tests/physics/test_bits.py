"""What must not change a single bit: the choice of free parameters, repetition, and where arrays lie in memory."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hpcfit.potential.library import Batch, Geometry
from hpcfit.records import FloatArray
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_kernels import evaluate_sample, raw_columns
from tests.physics.oracle_samples import (
    CASES,
    FORMS,
    fittable,
    reach_of,
    sample_parameters,
    sample_structures,
)

parametrize = pytest.mark.parametrize(("name", "n_species"), CASES)


def _structures(name: str, n_species: int) -> list[Structure]:
    return list(sample_structures(name, n_species).values())


def _columns(name: str, n_species: int, free: np.ndarray) -> FloatArray:
    parameters = sample_parameters(FORMS[name], n_species)
    return raw_columns(name, _structures(name, n_species), parameters, free, n_species)


@pytest.mark.parametrize("most", [6, pytest.param(None, marks=pytest.mark.long)])
@parametrize
def test_columns_do_not_depend_on_other_free_parameters(name: str, n_species: int, most: int | None) -> None:
    free = fittable(FORMS[name], n_species)
    together = _columns(name, n_species, free)
    if not FORMS[name].roles:  # the columns of functions are in the order of the parameters
        backwards = _columns(name, n_species, free[::-1].copy())
        assert np.array_equal(backwards[0], together[0])
        assert np.array_equal(backwards[:0:-1], together[1:])
    for k in np.random.default_rng(n_species).permutation(len(free))[:most]:
        alone = _columns(name, n_species, free[k : k + 1])
        assert np.array_equal(alone, together[[0, k + 1]]), f"parameter {free[k]}"


@parametrize
def test_repetition_gives_the_same_bits(name: str, n_species: int) -> None:
    free = fittable(FORMS[name], n_species)
    parameters = sample_parameters(FORMS[name], n_species)
    geometry = Geometry(
        batch_of(_structures(name, n_species), reach_of(FORMS[name], n_species) + 0.2, n_species)
    )
    first, second, other = np.zeros((3, 1 + len(free), geometry.n_rows(True)))
    assert evaluate_sample(name, geometry, parameters, free, first) is None
    assert evaluate_sample(name, geometry, parameters * 1.01, free, other) is None
    assert evaluate_sample(name, geometry, parameters, free, second) is None
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@parametrize
def test_evaluate_adds(name: str, n_species: int) -> None:
    free = fittable(FORMS[name], n_species)
    parameters = sample_parameters(FORMS[name], n_species)
    geometry = Geometry(
        batch_of(_structures(name, n_species), reach_of(FORMS[name], n_species) + 0.2, n_species)
    )
    once, twice = np.zeros((2, 1 + len(free), geometry.n_rows(True)))
    evaluate_sample(name, geometry, parameters, free, once)
    for _ in range(2):
        evaluate_sample(name, geometry, parameters, free, twice)
    # Not to the bit: the second evaluation adds its terms one by one to the first one's sum.
    assert np.allclose(twice, 2 * once, rtol=0, atol=1e-13 * np.abs(once).max(axis=1, keepdims=True))


@parametrize
def test_virials_are_optional(name: str, n_species: int) -> None:
    free = fittable(FORMS[name], n_species)
    parameters = sample_parameters(FORMS[name], n_species)
    geometry = Geometry(
        batch_of(_structures(name, n_species), reach_of(FORMS[name], n_species) + 0.2, n_species)
    )
    columns = np.zeros((1 + len(free), geometry.n_rows(False)))
    assert evaluate_sample(name, geometry, parameters, free, columns, False) is None
    assert np.array_equal(columns, _columns(name, n_species, free)[:, : columns.shape[1]])


def _off_line(array: np.ndarray) -> np.ndarray:
    """Return a copy that begins one element after a cache line."""
    room = np.zeros(array.size + 64, dtype=array.dtype)
    begin = (-room.ctypes.data // array.itemsize) % (64 // array.itemsize) + 1
    copy = room[begin : begin + array.size].reshape(array.shape)
    copy[...] = array
    assert copy.ctypes.data % 64 == array.itemsize
    return copy


@parametrize
def test_alignment_does_not_matter(name: str, n_species: int) -> None:
    free = fittable(FORMS[name], n_species)
    batch = batch_of(_structures(name, n_species), reach_of(FORMS[name], n_species) + 0.2, n_species)
    moved = {
        field.name: _off_line(getattr(batch, field.name))
        for field in dataclasses.fields(Batch)
        if field.name != "n_species"
    }
    geometry = Geometry(Batch(n_species=n_species, **moved))
    columns = _off_line(np.zeros((1 + len(free), geometry.n_rows(True))))
    parameters = _off_line(sample_parameters(FORMS[name], n_species))
    assert evaluate_sample(name, geometry, parameters, _off_line(free), columns) is None
    assert np.array_equal(columns, _columns(name, n_species, free))
