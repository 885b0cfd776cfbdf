"""The rules of damping, each against the formula of its paper."""

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import GeodesicOptions, SolverState
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.rules import RULES, Trial
from hpcfit.solver.step import Bounds, QuadraticModel

TRIAL = Trial(length=2.0, ratio=0.1, gain=1.0, cosine=0.5, n_rejected=0)
OPTIONS = GeodesicOptions(radius_up=3.0, radius_down=2.5, alpha=0.75, damping_up=1.5, damping_down=7.0)


def at(**values):
    """A state of the solver."""
    return SolverState(np.zeros(1), damping=1.0, radius=5.0, memory=0.5, **values)


def nielsen(gain):
    return RULES["nielsen"].accepted(at(), replace(TRIAL, gain=gain), OPTIONS).damping


def test_nielsen_follows_the_gain():
    # IMM-REP-1999-05, eq. 2.21 with beta = 2, gamma = 3, p = 3.
    assert nielsen(1.0) == 1 / 3
    assert nielsen(0.75) == 1.0 - 0.5**3
    assert nielsen(0.5) == 1.0
    assert nielsen(0.25) == 1.0 + 0.5**3
    # Two thirds and no more are taken off, from where the cube says as much.
    assert nielsen(0.9) == pytest.approx(1.0 - 0.8**3)
    assert nielsen(0.95) == 1 / 3


def test_nielsen_doubles_its_factor_with_every_rejection():
    rejected = RULES["nielsen"].rejected
    assert [rejected(at(), replace(TRIAL, n_rejected=n), OPTIONS).damping for n in range(3)] == [
        2.0,
        4.0,
        8.0,
    ]


def test_the_radius_grows_and_shrinks_by_the_factors_of_the_job():
    rule = RULES["radius"]
    assert rule.accepted(at(), TRIAL, OPTIONS).radius == 15.0
    # From the step that failed, which may be shorter than the radius.
    assert rule.rejected(at(), TRIAL, OPTIONS).radius == pytest.approx(2.0 / 2.5)
    assert rule.rejected(at(), replace(TRIAL, length=8.0), OPTIONS).radius == pytest.approx(5.0 / 2.5)


@pytest.mark.parametrize(
    ("ratio", "factor"), [(0.75, 0.4), (0.76, 0.5), (1.5, 0.45), (6.0, 0.1125), (60.0, 0.1)]
)
def test_the_radius_shrinks_with_the_acceleration_that_was_too_large(ratio, factor):
    rejected = RULES["radius"].rejected(at(), replace(TRIAL, ratio=ratio), OPTIONS)
    assert rejected.radius == pytest.approx(factor * 2.0, rel=1e-12)


def test_the_first_radius_is_a_multiple_of_the_scaled_start():
    flat = Bounds(np.full(2, -np.inf), np.full(2, np.inf))
    options = replace(OPTIONS, initial_radius=3.0)
    for x, radius in (([3.0, 2.0], 3.0 * np.hypot(1.5, 4.0)), ([0.0, 0.0], 3.0)):
        model = QuadraticModel(Linearisation(np.eye(2), np.ones(2)), np.array([0.5, 2.0]), np.array(x), flat)
        first = RULES["radius"].first(at(), model, options)
        assert first.radius == pytest.approx(radius, rel=1e-15) and first.damping == 0.0


@pytest.mark.parametrize("rule", ["delayed-gratification", "nielsen", "umrigar-nightingale"])
def test_the_first_lambda_is_a_fraction_of_the_largest_diagonal_element(rule):
    flat = Bounds(np.full(2, -np.inf), np.full(2, np.inf))
    triangle = np.array([[2.0, 1.0], [0.0, 3.0]])
    model = QuadraticModel(Linearisation(triangle, np.ones(2)), np.array([1.0, 2.0]), np.zeros(2), flat)
    first = RULES[rule].first(at(), model, replace(OPTIONS, initial_damping=0.1))
    # Of columns over D: 2^2 and (1^2 + 3^2) / 2^2.
    assert first.damping == pytest.approx(0.4, rel=1e-14)


def test_delayed_gratification_has_two_factors():
    rule = RULES["delayed-gratification"]
    assert rule.accepted(at(), TRIAL, OPTIONS).damping == pytest.approx(1 / 7, rel=1e-15)
    assert rule.rejected(at(), TRIAL, OPTIONS).damping == 1.5


def test_lambda_does_not_vanish():
    least = np.finfo(float).eps ** 2
    small = replace(at(), damping=2.0 * least)
    assert RULES["delayed-gratification"].accepted(small, TRIAL, OPTIONS).damping == least


def umrigar(memory, success):
    """Memory after a trial, and the factor that goes with it; Transtrum and Sethna, section 3."""
    memory = np.exp(-0.2) * memory + (1 - np.exp(-0.2)) * success
    return memory, np.clip(max(1 - abs(2 * memory - 1), 1e-3) ** -2, 1.1, 100.0)


@pytest.mark.parametrize("memory", [0.0, 0.01, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(
    ("gain", "cosine", "success", "power"),
    [
        (0.5, 0.5, 1.0, -1.0),
        (0.5, 0.0, 0.5, -1.0),
        (0.5, -0.5, 0.5, 0.0),
        (0.0, 0.5, 0.5, 0.5),
        (-0.5, -0.5, 0.5, 0.5),
    ],
)
def test_umrigar_and_nightingale_after_a_step(memory, gain, cosine, success, power):
    before = replace(at(), memory=memory)
    after = RULES["umrigar-nightingale"].accepted(before, replace(TRIAL, gain=gain, cosine=cosine), OPTIONS)
    memory, factor = umrigar(memory, success)
    assert after.memory == pytest.approx(memory, rel=1e-14)
    assert after.damping == pytest.approx(factor**power, rel=1e-10)


@pytest.mark.parametrize("memory", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("cosine", "power"), [(0.5, 0.5), (0.0, 1.0), (-0.5, 1.0)])
def test_umrigar_and_nightingale_after_a_rejection(memory, cosine, power):
    before = replace(at(), memory=memory)
    after = RULES["umrigar-nightingale"].rejected(before, replace(TRIAL, cosine=cosine), OPTIONS)
    memory, factor = umrigar(memory, 0.0)
    assert after.memory == pytest.approx(memory, rel=1e-14, abs=1e-300)
    assert after.damping == pytest.approx(factor**power, rel=1e-10)
