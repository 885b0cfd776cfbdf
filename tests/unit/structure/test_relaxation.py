from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.records import DegreeOfFreedom, Modification
from hpcfit.structure.evaluation_requests import Evaluation, EvaluationRequest, evaluate_all
from hpcfit.structure.modifying import modify
from hpcfit.structure.relax.degrees_of_freedom import DegreesOfFreedom
from hpcfit.structure.relax.relaxation import TOLERANCE, gradients_at, relax
from tests.helpers.structure_works import aluminium_model, lattice, silicon_model, structure


def relaxed(model, *structures):
    """Return the ends of relaxations, the scaled gradients there, and the number of evaluations."""
    evaluate = ImagesEvaluator(model, 1)
    evaluate.at(model.start)
    asked = []

    def counted(images, derivatives):
        asked.append(sum(len(c.cell) for c in images))
        return evaluate(images, derivatives)

    degrees = [DegreesOfFreedom(one) for one in structures]
    ends = evaluate_all([relax(k, f, f.start) for k, f in enumerate(degrees)], counted)
    looks = evaluate_all(
        [gradients_at(k, f, end.s[None]) for k, (f, end) in enumerate(zip(degrees, ends, strict=True))],
        evaluate,
    )
    gradients = [f.scale * gradient[0] for f, (_, gradient) in zip(degrees, looks, strict=True)]
    return ends, gradients, [float(energy[0]) for energy, _ in looks], asked


def rattled(name, size, times, a, seed=0):
    bulk = modify(lattice(name, {"lattice-parameter": a}).atoms, Modification("repeat", numbers=times))
    moves = size * np.random.default_rng(seed).normal(size=bulk.position.shape)
    return structure(
        name, replace(bulk, position=bulk.position + moves), [], ["atom-coordinates", "cell-full"]
    )


def test_lattices_from_afar(tmp_path):
    starts = [2.6, 3.2, 4.05, 4.8, 5.6]
    ends, gradients, energies, _ = relaxed(
        aluminium_model(tmp_path),
        *(lattice("fcc", {"lattice-parameter": a}, [], ["lattice-parameter"]) for a in starts),
    )
    for a, end, gradient in zip(starts, ends, gradients, strict=True):
        assert not end.failed
        # The minimum in arithmetic of 30 digits.
        assert end.s[0] * a == pytest.approx(3.785060956410387, rel=1e-12)
        assert np.abs(gradient).max() < 1e-3 * TOLERANCE
    assert np.ptp(energies) < 1e-13


def test_crystals_rattled_and_strained(tmp_path):
    """Atoms go back to the crystal, whatever its orientation."""
    for model, one, energy in (
        (silicon_model(tmp_path), rattled("diamond", 0.1, (2, 2, 1), 5.3), -4.344830719),
        (aluminium_model(tmp_path), rattled("fcc", 0.15, (3, 2, 2), 4.0), -3.945195244),
    ):
        (end,), (gradient,), (found,), asked = relaxed(model, one)
        assert not end.failed
        assert np.abs(gradient).max() < TOLERANCE
        assert found / len(one.atoms) == pytest.approx(energy, rel=1e-9)
        # Second derivatives are made a few times, not at every step.
        assert sum(asked) < 8 * len(end.s)


def test_molecule_and_slab(tmp_path):
    """Rotations, and strains of vacuum, cost nothing."""
    model = aluminium_model(tmp_path)
    random = np.random.default_rng(1)
    five = lattice("dimer", {"atom-distance": 2.5}).atoms
    five = replace(five, species=np.zeros(5, np.int32), position=1.5 * random.normal(size=(5, 3)))
    fcc = lattice("fcc", {"lattice-parameter": 3.8}).atoms
    slab = modify(fcc, Modification("surface", numbers=(1, 1, 1, 3, 8.0)))
    ends, gradients, _, _ = relaxed(
        model,
        structure("m", five, [], ["atom-coordinates"]),
        structure("s", slab, [], ["atom-coordinates", "cell-full"]),
    )
    for end, gradient in zip(ends, gradients, strict=True):
        assert not end.failed
        assert np.abs(gradient).max() < TOLERANCE


def test_bounds(tmp_path):
    model = aluminium_model(tmp_path)
    held = lattice("fcc", {"lattice-parameter": 4.05}, [], [DegreeOfFreedom("lattice-parameter", 3.9, 5)])
    low = lattice("fcc", {"lattice-parameter": 3.5}, [], [DegreeOfFreedom("lattice-parameter", 3, 3.6)])
    outside = lattice("fcc", {"lattice-parameter": 3.5}, [], [DegreeOfFreedom("lattice-parameter", 3.9, 5)])
    free = lattice("fcc", {"lattice-parameter": 4.05}, [], [DegreeOfFreedom("lattice-parameter", 3.7, 4.05)])
    ends, *_ = relaxed(model, held, low, outside, free)
    assert [end.message for end in ends] == [
        "lattice-parameter halted at its minimum",
        "lattice-parameter halted at its maximum",
        "lattice-parameter halted at its minimum",
        "",
    ]
    assert [end.at_bound.tolist() for end in ends] == [[True], [True], [True], [False]]
    assert not any(end.failed for end in ends)
    assert ends[0].s[0] == 3.9 / 4.05
    assert ends[1].s[0] == 3.6 / 3.5


def test_nothing_to_relax_asks_nothing():
    degrees = DegreesOfFreedom(lattice("fcc", {"lattice-parameter": 4.0}))
    with pytest.raises(StopIteration) as end:
        next(relax(0, degrees, degrees.start))
    assert len(end.value.value.s) == 0


def test_second_derivatives_from_nearby_save_steps(tmp_path):
    evaluate = ImagesEvaluator(aluminium_model(tmp_path), 1)
    one = DegreesOfFreedom(lattice("fcc", {"lattice-parameter": 3.8}, [], ["lattice-parameter"]))

    def count(hessian):
        found: list[EvaluationRequest] = []
        requests = relax(0, one, one.start, hessian)
        try:
            request = next(requests)
            while True:
                found.append(request)
                request = requests.send(evaluate(request.images, request.derivatives))
        except StopIteration as end:
            return len(found), end.value.s[0]

    alone, s = count(None)
    # 9 B V at the minimum.
    helped, other = count(np.array([[9 * 0.5534 * 13.557]]))
    assert helped < alone
    assert other == pytest.approx(s, rel=1e-12)


def test_failures(tmp_path):
    model = aluminium_model(tmp_path)
    model.start[3] = 1e-6
    flying, *_ = relaxed(model, lattice("fcc", {"lattice-parameter": 4.0}, [], ["lattice-parameter"]))[0]
    assert flying.failed
    assert flying.message == "cell grows beyond 2.0 of its start"
    assert flying.s.tolist() == [1.0]
    model.start[3] = np.nan
    broken, *_ = relaxed(model, lattice("fcc", {"lattice-parameter": 4.0}, [], ["lattice-parameter"]))[0]
    assert broken.message == "energy or force is not finite"


@pytest.mark.parametrize("part", ["energies", "virials"])
def test_an_energy_or_a_gradient_that_is_not_finite_fails(part):
    degrees = DegreesOfFreedom(lattice("fcc", {"lattice-parameter": 4.0}, [], ["lattice-parameter"]))
    requests = relax(0, degrees, degrees.start)
    next(requests)
    found = Evaluation(np.zeros((1, 1)), np.zeros((1, 1, 1, 3)), np.ones((1, 1, 6)))
    with pytest.raises(StopIteration) as end:
        requests.send([replace(found, **{part: np.full_like(getattr(found, part), np.nan)})])
    assert end.value.value.message == "energy or force is not finite"
    assert end.value.value.failed
