from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.records import DEGREES_OF_FREEDOM, DegreeOfFreedom
from hpcfit.structure.evaluation_requests import Images
from hpcfit.structure.relax.degrees_of_freedom import DegreesOfFreedom
from hpcfit.structure.relax.stencils import LENGTH, STRAIN
from tests.helpers.structure_works import aluminium_model, lattice, structure

CHOICES = [
    choice
    for n in range(1, 4)
    for choice in itertools.combinations(
        (
            "lattice-parameter",
            "ca-ratio",
            "atom-distance",
            "atom-coordinates",
            "cell-hydrostatic",
            "cell-full",
        ),
        n,
    )
] + [("cell-orthorhombic",), ("ca-ratio", "cell-orthorhombic", "atom-coordinates")]


def hexagonal(degrees):
    one = lattice("omega", {"lattice-parameter": 4.3, "ca-ratio": 0.65}, [], degrees)
    return replace(one, values={**one.values, "atom-distance": 2.86})


@pytest.mark.parametrize("choice", CHOICES, ids=" ".join)
def test_gradient_is_that_of_the_energy(tmp_path, choice):
    model = aluminium_model(tmp_path)
    evaluate = ImagesEvaluator(model, 1)
    evaluate.at(model.start)
    degrees = DegreesOfFreedom(hexagonal(choice))
    rng = np.random.default_rng(3)
    s = degrees.start + 0.02 * rng.normal(size=degrees.n)

    def evaluation(points):
        cell, position = degrees.place(points)
        images = Images("omega", degrees.atoms.species, degrees.atoms.pbc, cell, position)
        return evaluate([images], False)[0]

    here = evaluation(s[None])
    gradient = degrees.gradient(s[None], here.forces, here.virials)[0, 0]
    steps = 1e-3 * np.eye(degrees.n)
    ends = [evaluation(s + k * steps).energies[0] for k in (-2, -1, 1, 2)]
    numeric = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-3
    # Rounding of energies of 10 eV over the step, and the fifth derivative.
    np.testing.assert_allclose(gradient, numeric, rtol=1e-8, atol=1e-8)
    # Nothing is said twice: the degrees of freedom move atoms and cell in different ways.
    moves = np.array(
        [np.concatenate([part.ravel() for part in degrees.place((s + step)[None])]) for step in steps]
    )
    moves -= np.concatenate([part.ravel() for part in degrees.place(s[None])])
    singular = np.linalg.svd(moves / np.linalg.norm(moves, axis=1)[:, None], compute_uv=False)
    assert singular[-1] > 1e-2
    assert np.abs(gradient).min() > 1e-5


def test_start_is_the_start():
    for degree in DEGREES_OF_FREEDOM:
        degrees = DegreesOfFreedom(hexagonal([degree]))
        cell, position = degrees.place(degrees.start[None])
        assert np.array_equal(cell[0], degrees.atoms.cell)
        assert np.array_equal(position[0], degrees.atoms.position)
        assert degrees.n > 0


@pytest.mark.parametrize(
    "choice", [("atom-distance",), ("atom-coordinates",), ("cell-full", "atom-distance")]
)
def test_scales_of_internal_coordinates_are_one_angstrom(choice):
    degrees = DegreesOfFreedom(hexagonal(choice))
    for k in range(degrees.n_affine, degrees.n):
        s = degrees.start.copy()
        s[k] += degrees.scale[k]
        moved = degrees.place(s[None])[1][0] - degrees.atoms.position
        assert np.sqrt((moved**2).sum(axis=1)).max() == pytest.approx(1.0, rel=1e-12)
    assert (degrees.scale[: degrees.n_affine] == 1.0 / np.sqrt(len(degrees.atoms))).all()
    # Differences are taken over steps of one size, whatever the coordinate's unit.
    steps = degrees.step / degrees.scale
    assert steps[degrees.n_affine :] == pytest.approx(LENGTH, rel=1e-12)
    assert (degrees.step[: degrees.n_affine] == STRAIN).all()


def test_freedoms_that_are_properties():
    degrees = DegreesOfFreedom(hexagonal(["lattice-parameter", "ca-ratio", "atom-distance"]))
    cell, position = degrees.place(np.array([[1.1, 0.9, 1.2]]))
    assert cell[0, 0, 0] == pytest.approx(1.1 * 4.3)
    assert cell[0, 2, 2] / cell[0, 0, 0] == pytest.approx(0.9 * 0.65)
    away = np.diff(degrees.atoms.position[:2], axis=0)[0] * 1.2 * np.array([1.1, 1.1, 0.99])
    assert position[0, 1] == pytest.approx(away)


def test_bounds_are_in_the_properties_units():
    one = hexagonal(
        [DegreeOfFreedom("lattice-parameter", 4.0, 5.0), DegreeOfFreedom("ca-ratio", 0.5), "cell-full"]
    )
    degrees = DegreesOfFreedom(replace(one, relaxed=(*one.relaxed[:2], DegreeOfFreedom("cell-full"))))
    assert degrees.lower[:2] == pytest.approx([4.0 / 4.3, 0.5 / 0.65])
    assert degrees.upper[:2] == pytest.approx([5.0 / 4.3, np.inf])
    assert degrees.n == 6
    assert np.isinf(degrees.upper[2:]).all()


def test_faults():
    bare = structure("s", hexagonal([]).atoms, [], ["ca-ratio"])
    with pytest.raises(ValueError, match="ca-ratio relaxes in a structure that has none"):
        DegreesOfFreedom(bare)
    with pytest.raises(ValueError, match="bounds of cell-hydrostatic"):
        DegreesOfFreedom(hexagonal([DegreeOfFreedom("cell-hydrostatic", 0.9, 1.1)]))
    with pytest.raises(ValueError, match="bounds of atom-distance where all coordinates relax"):
        DegreesOfFreedom(
            hexagonal([DegreeOfFreedom("atom-distance", 2.0), DegreeOfFreedom("atom-coordinates")])
        )
