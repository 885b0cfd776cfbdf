"""The evaluator of images against structures one by one, and against itself with other memories."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.objective.model import Model
from hpcfit.objective.structures import images as module
from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.structure.building import build
from hpcfit.structure.evaluation_requests import Images
from tests.helpers.eam_jobs import aluminium, eam_job
from tests.helpers.structure_works import aluminium_model


def copies_of(name, k=5, seed=0, size=0.1, **values):
    atoms = build(name, [0, 0], values or {"lattice-parameter": 4.0})
    rng = np.random.default_rng(seed)
    strain = np.eye(3) + size * rng.uniform(-1, 1, (k, 3, 3)) * (atoms.pbc[:, None] & atoms.pbc)
    cell = atoms.cell @ strain
    position = atoms.position @ strain + size * rng.uniform(-1, 1, (k, *atoms.position.shape))
    return Images(name, atoms.species, atoms.pbc, cell, position)


ALL = [
    copies_of("fcc"),
    copies_of("diamond", k=3, seed=1),
    copies_of("graphene", k=2, seed=2, **{"lattice-parameter": 3.0}),
    copies_of("dimer", k=2, seed=3, **{"atom-distance": 2.5}),
]


def evaluator(folder, text=""):
    made = ImagesEvaluator(aluminium_model(folder, text), 1)
    made.at(made._model.start)
    return made


def flat(answers):
    return [part for answer in answers for part in (answer.energies, answer.forces, answer.virials)]


def test_one_by_one(tmp_path):
    together = evaluator(tmp_path)(ALL, True)
    for own, answer in zip(ALL, together, strict=True):
        assert all(np.isfinite(part).all() for part in flat([answer]))
        assert answer.forces.shape == (5, *own.position.shape)
        for k in range(len(own.cell)):
            one = Images("x", own.species, own.pbc, own.cell[k : k + 1], own.position[k : k + 1])
            for a, b in zip(flat(evaluator(tmp_path)([one], True)), flat([answer]), strict=True):
                # Sums are in another order where other structures share a vector.
                np.testing.assert_allclose(a[:, 0], b[:, k], rtol=1e-11, atol=1e-11)


def test_what_was_asked_before_does_not_matter(tmp_path):
    """Neighbours found at another place, farther out, give the same bits."""
    fresh, used = evaluator(tmp_path), evaluator(tmp_path)
    used(
        [copies_of(own.key, seed=7, size=0.3, **values) for own, values in zip(ALL, _VALUES, strict=True)],
        False,
    )
    for a, b in zip(flat(fresh(ALL, True)), flat(used(ALL, True)), strict=True):
        assert a.tobytes() == b.tobytes()


_VALUES = ({}, {}, {"lattice-parameter": 3.0}, {"atom-distance": 2.5})


def test_neighbours_are_found_again_when_atoms_have_moved(tmp_path):
    used = evaluator(tmp_path)
    wide = copies_of("fcc", k=1, size=0.0, **{"lattice-parameter": 6.0})
    narrow = copies_of("fcc", k=1, size=0.0, **{"lattice-parameter": 3.0})
    used([wide], False)
    found = used([narrow], False)[0].energies
    assert found == evaluator(tmp_path)([narrow], False)[0].energies
    assert found != used([wide], False)[0].energies


def test_portions(tmp_path, monkeypatch):
    whole = flat(evaluator(tmp_path)(ALL, True))
    asked = []
    monkeypatch.setattr(module, "_MOST_PAIRS", 200)
    geometry = Model.geometry
    monkeypatch.setattr(Model, "geometry", lambda own, batch: asked.append(batch) or geometry(own, batch))
    for a, b in zip(whole, flat(evaluator(tmp_path)(ALL, True)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)
    assert len(asked) > 5


def test_faulty_structure_leaves_the_others_alone(tmp_path):
    broken = copies_of("fcc", k=1)
    broken = Images("b", broken.species, broken.pbc, broken.cell, np.full((1, 1, 3), 1e200))
    alone = evaluator(tmp_path, eam_job(aluminium(A=1e300)))([ALL[0]], False)[0]
    assert np.isfinite(alone.energies).all()
    good, bad = evaluator(tmp_path)([ALL[0], broken], False)
    assert all(np.isfinite(part).all() for part in flat([good]))
    assert bad.energies.shape == (1, 1)


def test_potential_without_reach(tmp_path):
    text = eam_job('<one-body id="O"><energy>-1.5</energy><fit-dof><energy/></fit-dof></one-body>')
    answer = evaluator(tmp_path, text)([ALL[1]], True)[0]
    assert answer.energies.tolist() == [[-3.0] * 3, [2.0] * 3]
    assert answer.energies == pytest.approx(np.array([[-3.0] * 3, [2.0] * 3]))
