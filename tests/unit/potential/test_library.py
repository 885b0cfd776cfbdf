"""What `library.py` checks before it hands addresses to the kernels."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from hpcfit.potential.library import Batch, Geometry, evaluate, potential_forms
from hpcfit.records import FloatArray, ParameterKind
from tests.physics.oracle_cells import batch_of
from tests.physics.oracle_kernels import evaluate_sample
from tests.physics.oracle_samples import (
    CASES,
    FORMS,
    REGISTERED,
    fittable,
    reach_of,
    sample_parameters,
    sample_structures,
)

NAME = "stillinger-weber"
NO_PLACES = np.zeros(0, dtype=np.int32)


def _batch(n_species: int = 3) -> Batch:
    structures = sample_structures(NAME, n_species)
    return batch_of(
        [structures["two atoms"], structures["cluster"]], reach_of(FORMS[NAME], n_species), n_species
    )


def test_forms_are_complete() -> None:
    names = [form.name for form in potential_forms()]
    assert {"lennard-jones", "stillinger-weber"} <= set(names)
    assert len(set(names)) == len(names)
    for form in potential_forms():
        assert form.formula
        assert form.reference
        assert len({row.name for row in form.parameters}) == len(form.parameters)
        for row in form.parameters:
            assert row.lower < row.upper
            assert row.unit
            assert row.description
            assert isinstance(row.kind, ParameterKind)
        assert form.roles or len({row.kind for row in form.parameters if row.reach}) <= 1


def test_table_of_stillinger_weber() -> None:
    rows = {row.name: row for row in FORMS[NAME].parameters}
    assert list(rows) == ["A", "B", "p", "q", "sigma", "gamma", "cutoff", "lambda", "costheta0"]
    assert [name for name, row in rows.items() if not row.fittable] == ["cutoff"]
    assert [name for name, row in rows.items() if row.kind is ParameterKind.TRIPLET] == [
        "lambda",
        "costheta0",
    ]
    assert (rows["costheta0"].lower, rows["costheta0"].upper) == (-1.0, 1.0)
    assert rows["A"].upper == np.inf


def test_rows_and_bytes_of_a_geometry() -> None:
    geometry = Geometry(_batch())
    assert (geometry.n_structures, geometry.n_atoms) == (2, 8)
    assert geometry.n_rows(virials=False) == 2 + 3 * 8
    assert geometry.n_rows(virials=True) == 2 + 3 * 8 + 6 * 2
    assert geometry.n_bytes > len(_batch().neighbour) * 4 * 8


def test_pairs_are_kept_only_where_they_are_wanted() -> None:
    alone, with_pairs = Geometry(_batch(), pairs=False), Geometry(_batch())
    assert alone.n_bytes < with_pairs.n_bytes
    pairwise = {form.name for form in REGISTERED.values() if form.pairwise}
    assert pairwise >= {"lennard-jones", "eam", "adp", "meam"}
    assert pairwise.isdisjoint({"stillinger-weber", "tersoff", "edip", "one-body"})
    name = "lennard-jones"
    columns = np.zeros((1, alone.n_rows(True)))
    with pytest.raises(ValueError, match="a geometry without pairs for a pairwise potential"):
        evaluate(name, alone, sample_parameters(FORMS[name], 3), NO_PLACES, columns, True)
    assert not columns.any()


def test_empty_batch() -> None:
    batch = batch_of([sample_structures(NAME, 1)["lone atom"]], 3.0, 1)
    empty = dataclasses.replace(
        batch,
        structure_start=batch.structure_start[:1],
        species=batch.species[:0],
        neighbour_start=batch.neighbour_start[:1],
    )
    columns = np.zeros((1, 0))
    assert (
        evaluate(NAME, Geometry(empty), sample_parameters(FORMS[NAME], 1), NO_PLACES, columns, True) is None
    )


@pytest.mark.parametrize("field", ["structure_start", "species", "neighbour_start", "neighbour", "vector"])
@pytest.mark.parametrize("change", ["dtype", "strides", "dimensions"])
def test_wrong_arrays_of_a_batch(field: str, change: str) -> None:
    right: np.ndarray = getattr(_batch(), field)
    wrong: dict[str, Any] = {
        "dtype": right.astype(np.float32),
        "strides": np.repeat(right, 2, axis=0)[::2],
        "dimensions": right[:, None],
    }
    with pytest.raises(ValueError, match="array of wrong layout"):
        Geometry(dataclasses.replace(_batch(), **{field: wrong[change]}))


def test_array_of_the_other_byte_order() -> None:
    batch = _batch()
    with pytest.raises(ValueError, match="array of wrong layout"):
        Geometry(dataclasses.replace(batch, vector=batch.vector.astype(">f8")))


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("structure_start", lambda x: x + 1),
        ("structure_start", lambda x: x[::-1].copy()),
        ("structure_start", lambda x: x - [0, 0, 1]),
        ("structure_start", lambda x: x + np.array([0, 1 << 40, 0])),
        ("species", lambda x: x + 1),
        ("species", lambda x: x - 1),
        ("neighbour_start", lambda x: x + 1),
        ("neighbour_start", lambda x: x + (np.arange(9) == 4) * (1 << 40)),
        ("neighbour_start", lambda x: x[::-1].copy()),
        ("neighbour", lambda x: x[:-1].copy()),
        ("neighbour", lambda x: x[::-1].copy()),
        ("neighbour", lambda x: x + 1),
        ("vector", lambda x: x[:-1].copy()),
    ],
)
def test_batches_that_do_not_fit(field: str, change: Any) -> None:
    batch = _batch()
    with pytest.raises(ValueError, match=r"fit|fall|range|outside|ends at|layout"):
        Geometry(dataclasses.replace(batch, **{field: change(getattr(batch, field))}))


def test_too_many_species() -> None:
    with pytest.raises(ValueError, match="more species than the kernels hold"):
        Geometry(dataclasses.replace(_batch(), n_species=1000))


def _evaluate(
    name: str = NAME,
    parameters: FloatArray | None = None,
    free: np.ndarray = NO_PLACES,
    columns: FloatArray | None = None,
) -> FloatArray:
    geometry = Geometry(_batch())
    if parameters is None:
        parameters = sample_parameters(FORMS[NAME], 3)
    if columns is None:
        columns = np.zeros((1 + len(free), geometry.n_rows(True)))
    evaluate(name, geometry, parameters, free, columns, True)
    return columns


@pytest.mark.parametrize(
    "columns",
    [
        np.zeros((1, 37)),
        np.zeros((1, 39)),
        np.zeros((2, 38)),
        np.zeros(38),
        np.zeros((1, 38), dtype=np.float32),
        np.zeros((1, 76))[:, ::2],
    ],
)
def test_wrong_columns(columns: np.ndarray) -> None:
    with pytest.raises(ValueError, match="array of wrong layout"):
        _evaluate(columns=columns)


def test_read_only_columns() -> None:
    columns = np.zeros((1, 38))
    columns.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        _evaluate(columns=columns)


def test_read_only_inputs_are_fine() -> None:
    parameters, free = sample_parameters(FORMS[NAME], 3), fittable(FORMS[NAME], 3)
    parameters.flags.writeable = free.flags.writeable = False
    assert _evaluate(parameters=parameters, free=free).any()


def test_unknown_potential() -> None:
    with pytest.raises(ValueError, match=r"unknown potential, found 'tersof', allowed .*stillinger-weber"):
        _evaluate("tersof")


@pytest.mark.parametrize("place", [-1, 78, 1 << 30])
def test_free_parameter_out_of_range(place: int) -> None:
    with pytest.raises(ValueError, match="a free parameter lies outside the parameter vector"):
        _evaluate(free=np.array([0, place], dtype=np.int32))


def test_free_places_of_another_type() -> None:
    with pytest.raises(ValueError, match="array of wrong layout"):
        _evaluate(free=np.array([0, 1]))


@pytest.mark.parametrize(
    ("name", "n_species"), [case for case in CASES if not FORMS[case[0]].record.formulas]
)
@pytest.mark.parametrize("change", [-1, 1])
def test_number_of_parameters(name: str, n_species: int, change: int) -> None:
    """Too few of them would be read beyond their end."""
    structures = list(sample_structures(name, n_species).values())
    geometry = Geometry(batch_of(structures, reach_of(FORMS[name], n_species), n_species))
    parameters = np.resize(
        sample_parameters(FORMS[name], n_species), len(sample_parameters(FORMS[name], n_species)) + change
    )
    with pytest.raises(ValueError, match="array of wrong layout"):
        evaluate_sample(name, geometry, parameters, NO_PLACES, np.zeros((1, geometry.n_rows(True))))


@pytest.mark.parametrize("sizes", [(), (0,), (65,), (2, 2)])
def test_sizes_that_a_potential_does_not_take(sizes: tuple[int, ...]) -> None:
    geometry = Geometry(_batch())
    columns = np.zeros((1, geometry.n_rows(True)))
    message = re.escape(f"wrong sizes for chebyshev, found {sizes}, allowed terms 1 .. 64")
    with pytest.raises(ValueError, match=message):
        evaluate("chebyshev", geometry, np.zeros(4), NO_PLACES, columns, True, sizes=sizes)
    with pytest.raises(ValueError, match=re.escape("wrong sizes for morse, found (3,), allowed none")):
        evaluate("morse", geometry, np.zeros(4), NO_PLACES, columns, True, sizes=(3,))


def test_a_table_by_shape() -> None:
    form = next(form for form in potential_forms() if form.name == "chebyshev")
    names = [row.name for row in form.shaped((3,)).parameters]
    assert names == ["c0", "c1", "c2", "cutoff", "inner", "decay"]
    assert form.shaped((3,)).shaped((5,)) == form.shaped((3,))
    assert form.is_linear
    assert not FORMS[NAME].is_linear
    assert FORMS[NAME].shaped(()) is FORMS[NAME]
