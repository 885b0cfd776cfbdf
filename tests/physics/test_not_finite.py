"""Numbers that are not finite are reported with the structure and an atom they come from."""

from __future__ import annotations

import numpy as np
import pytest
from oracle_cells import Structure, batch_of
from oracle_kernels import evaluate_sample
from oracle_samples import (
    CASES,
    FORMS,
    INTERACTING,
    fittable,
    kernel_of,
    reach_of,
    sample_parameters,
    sample_structures,
)

from hpcfit.potential.library import Geometry, NotFinite


def _evaluate(
    name: str, n_species: int, structures: list[Structure], parameters: np.ndarray
) -> NotFinite | None:
    free = fittable(FORMS[name], n_species)
    geometry = Geometry(batch_of(structures, reach_of(FORMS[name], n_species), n_species))
    return evaluate_sample(name, geometry, parameters, free, np.zeros((1 + len(free), geometry.n_rows(True))))


@pytest.mark.parametrize(("name", "n_species"), [case for case in CASES if case[0] in INTERACTING])
def test_coincident_atoms(name: str, n_species: int) -> None:
    good = sample_structures(name, n_species)["30 atoms"]
    bad = sample_structures(name, n_species)["cluster"]
    position = bad.position.copy()
    position[4] = position[2]
    bad = Structure(bad.cell, bad.pbc, position, bad.species)
    found = _evaluate(name, n_species, [good, bad, good], sample_parameters(FORMS[name], n_species))
    assert found is not None
    assert found.structure == 1
    assert 30 <= found.atom < 36
    assert kernel_of(name) in found.message


@pytest.mark.parametrize(("name", "n_species"), CASES)
def test_parameters_that_are_not_finite(name: str, n_species: int) -> None:
    structures = list(sample_structures(name, n_species).values())
    for place in fittable(FORMS[name], n_species):
        parameters = sample_parameters(FORMS[name], n_species)
        parameters[place] = np.nan
        found = _evaluate(name, n_species, structures, parameters)
        assert found is not None, f"parameter {place}"
        assert 0 <= found.structure < len(structures)
