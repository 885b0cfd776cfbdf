"""One structure as it stands, against many images of it."""

import numpy as np
import pytest

from hpcfit.objective.single import evaluate_single, largest_densities
from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.records import Atoms
from hpcfit.structure.building import build
from hpcfit.structure.evaluation_requests import Images
from tests.helpers.structure_works import aluminium_model


def rattled():
    atoms = build("hcp", [0], {"lattice-parameter": 2.8})
    return Atoms(
        atoms.species, atoms.cell, atoms.pbc, atoms.position + np.array([[0.1, 0, -0.1], [0, 0.2, 0.1]])
    )


def test_one_structure_is_one_of_many_images(tmp_path):
    model, atoms = aluminium_model(tmp_path), rattled()
    found = evaluate_single(model, model.start, atoms)
    evaluate = ImagesEvaluator(model, 1)
    evaluate.at(model.start)
    (evaluation,) = evaluate(
        [Images("a", atoms.species, atoms.pbc, atoms.cell[None], atoms.position[None])], False
    )
    assert found.first_non_finite is None
    assert found.energy == pytest.approx(float(evaluation.energies[0, 0]), rel=1e-13)
    np.testing.assert_allclose(found.forces, evaluation.forces[0, 0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.virial, evaluation.virials[0, 0], rtol=1e-11, atol=1e-13)
    assert np.abs(found.virial).min() > 1e-3 and np.abs(found.forces).max() > 1e-2


def test_the_largest_density_is_that_of_the_densest_structure(tmp_path):
    model = aluminium_model(tmp_path)
    wide, narrow = (build("fcc", [0], {"lattice-parameter": a}) for a in (4.3, 3.7))
    one, other = (largest_densities(model, model.start, [atoms]) for atoms in (wide, narrow))
    assert (other > one).all() and len(one) > 0
    assert largest_densities(model, model.start, [narrow, wide]) == pytest.approx(other, rel=1e-14)
