from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.block import BlockObjective, Workspace, aligned
from hpcfit.objective.losses import apply
from hpcfit.objective.model import Model
from hpcfit.objective.weights import Factors
from hpcfit.potential.library import NotFinite, potential_forms
from hpcfit.records import RobustLoss
from tests.helpers import small_jobs
from tests.helpers.small_jobs import LENNARD_JONES, SILICON, job_text, potential, sealed, silicon

X = np.array([14.0, 0.61, 2.3])
V = np.array([0.8, -0.02, 0.15])


@pytest.fixture
def model(tmp_path):
    def made(potentials=""):
        (tmp_path / "si.h5").touch()
        (tmp_path / "job.xml").write_text(job_text(potentials=potentials))
        return Model(read_job(tmp_path / "job.xml", catalogue()))

    return made


def weights(n, stress=True):
    """Different for every configuration, one of them without forces, one without stress."""
    k = np.arange(1.0, n + 1)
    factors = 0.3 * k, np.where(k == 2, 0.0, 5 / k), np.where(k == 3, 0.0, 900.0 * k) * stress
    return Factors(*factors, roots=np.array([0.1 * k, 2.0 + k, 1.0 / k]))


def block_of(model, configurations, factors):
    return BlockObjective(model, configurations, factors, [0], 1)


def kernel_at(x):
    parameters = SILICON.copy()
    parameters[[0, 1, 5]] = x
    return parameters


@pytest.fixture
def block(model):
    return block_of(model(), silicon(4), weights(4))


def test_rows_are_weighted_differences(block):
    c, factors = silicon(4), weights(4)
    energy, force, stress = small_jobs.predictions("stillinger-weber", kernel_at(X), c)
    expected = np.concatenate(
        [
            factors.energy * (energy - c.energy),
            (np.repeat(factors.forces, 8)[:, None] * (force - c.force)).ravel(),
            (factors.stress[:, None] * (stress - c.stress)).ravel(),
        ]
    )
    rows = block.linearise(X)[0]
    assert rows == pytest.approx(expected, rel=1e-10, abs=1e-9)
    assert block.cost(X) == pytest.approx(expected @ expected, rel=1e-12)
    assert block.n_residuals == 4 + 3 * 24 + 3 * 6


@pytest.mark.parametrize(("row", "structure"), [(2, 2), (4 + 24, 1), (4 + 95, 3), (4 + 96 + 6 * 2, 2)])
def test_a_derivative_that_is_not_finite_is_found(block, monkeypatch, row, structure):
    evaluate = block._model.evaluate

    def broken(geometry, x, columns, virials):
        found = evaluate(geometry, x, columns, virials)
        columns[2, row] = np.inf
        return found

    block.linearise(X)
    assert block.find_non_finite() is None
    monkeypatch.setattr(block._model, "evaluate", broken)
    with np.errstate(all="ignore"):
        block.linearise(X)
    assert block.find_non_finite() == NotFinite(structure, -1, "derivative by SW.B is not finite")


def richardson(function, x, step):
    """Central differences, extrapolated twice."""

    def central(h):
        return (function(x + h) - function(x - h)) / (2 * np.abs(h).max())

    first = [central(step / 2**k) for k in range(3)]
    second = [(4 * b - a) / 3 for a, b in pairwise(first)]
    return (16 * second[1] - second[0]) / 15


def test_jacobian_rows_are_derivatives_of_the_residual(block):
    jacobian = block.linearise(X)[1:].copy()
    for k, unit in enumerate(np.eye(3)):
        numerical = richardson(lambda x: block.linearise(x)[0].copy(), X, 1e-2 * X[k] * unit)
        assert np.abs(jacobian[k] - numerical).max() < 1e-9 * np.abs(jacobian[k]).max()


def test_second_derivative_is_that_along_the_direction(block):
    rows = block.linearise(X).copy()
    found = block.second_derivative(V, 0.1)
    moved = block.linearise(X + 0.1 * V)[0].copy()
    formula = 2 / 0.1 * ((moved - rows[0]) / 0.1 - V @ rows[1:])
    assert found == pytest.approx(rows[1:] @ formula, rel=1e-10)
    # The formula's error is proportional to h; the exact one from the exact Jacobian, differenced along V.
    exact = (
        rows[1:] @ richardson(lambda x: V @ block.linearise(x)[1:], X, 0.1 * V) * np.abs(0.1 * V).max() / 0.1
    )
    block.linearise(X)
    errors = [np.abs(block.second_derivative(V, h) - exact).max() for h in (0.02, 0.01)]
    assert errors[1] < 1e-2 * np.abs(exact).max()
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("name", ["soft-l1", "cauchy"])
def test_a_loss_is_in_rows_derivatives_and_second_derivatives(model, name):
    c, factors = silicon(4), weights(4)
    plain = block_of(model(), c, factors).linearise(X).copy()
    n_atoms = np.full(4, 8)
    root = np.concatenate(
        [factors.roots[0], np.repeat(factors.roots[1], 3 * n_atoms), np.repeat(factors.roots[2], 6)]
    )
    loss = RobustLoss(name, 2.0)
    block = BlockObjective(model(), c, factors, [0], 1, loss)
    rows = block.linearise(X).copy()
    fitted = plain[0] != 0.0
    apply(loss, plain, np.where(fitted, root, 0.0))
    assert np.array_equal(rows, plain)
    assert block.cost(X) == pytest.approx(rows[0] @ rows[0], rel=1e-13)
    for k, unit in enumerate(np.eye(3)):
        numerical = richardson(lambda x: block.linearise(x)[0].copy(), X, 1e-3 * X[k] * unit)
        assert np.abs(rows[1 + k] - numerical).max() < 1e-8 * np.abs(rows[1 + k]).max()
    block.linearise(X)
    found = block.second_derivative(V, 0.1)
    moved = block.linearise(X + 0.1 * V)[0].copy()
    formula = 2 / 0.1 * ((moved - rows[0]) / 0.1 - V @ rows[1:])
    assert found == pytest.approx(rows[1:] @ formula, rel=1e-10)


def test_second_derivative_needs_a_linearisation(block):
    with pytest.raises(ValueError, match="requires a linearisation"):
        block.second_derivative(V, 0.1)


def test_second_derivative_stays_at_the_point_of_the_linearisation(block):
    x = X.copy()
    block.linearise(x)
    expected = block.second_derivative(V, 0.1)
    block.cost(X + V)
    x += V
    assert np.array_equal(block.second_derivative(V, 0.1), expected)


def test_potentials_are_superimposed(model):
    c, factors = silicon(3), weights(3)
    x = np.array([*X, 2.0, 0.01])
    both = block_of(model(potential() + LENNARD_JONES), c, factors)
    turned = block_of(model(LENNARD_JONES + potential()), c, factors)
    alone, lennard_jones = block_of(model(), c, factors), block_of(model(LENNARD_JONES), c, factors)
    rows = both.linearise(x)
    zero = sealed(c, energy=0 * c.energy, force=0 * c.force, stress=0 * c.stress)
    assert rows[0] == pytest.approx(
        alone.linearise(X)[0] + block_of(model(LENNARD_JONES), zero, factors).linearise(x[3:])[0],
        rel=1e-9,
        abs=1e-9,
    )
    assert np.abs(lennard_jones.linearise(x[3:])[1:]).max() > 0
    assert rows[1:4] == pytest.approx(alone.linearise(X)[1:], rel=1e-13)
    assert rows[4:] == pytest.approx(lennard_jones.linearise(x[3:])[1:], rel=1e-13)
    other = turned.linearise(x[[3, 4, 0, 1, 2]])
    assert other[[0, 3, 4, 5, 1, 2]] == pytest.approx(rows, rel=1e-12, abs=1e-12)


def test_bounds_are_those_of_job_and_potential(model):
    made = model(potential() + LENNARD_JONES)
    forms = {form.name: {row.name: row for row in form.parameters} for form in potential_forms()}
    gamma, sigma = forms["stillinger-weber"]["gamma"], forms["lennard-jones"]["sigma"]
    assert list(made.lower) == [1.0, -np.inf, gamma.lower, sigma.lower, -np.inf]
    assert gamma.lower > 0
    assert list(made.upper) == [20.0, np.inf, np.inf, np.inf, np.inf]
    assert made.cutoff == 3.77118 and list(made.start) == [5.0, 0.6, 1.5, 2.0, 0.01]


def molecule():
    """Without cell, volume and stress."""
    c = silicon(2)
    nothing = {
        "cell": 0 * c.cell,
        "pbc": ~c.pbc,
        "stress": np.nan * c.stress,
        "mask": np.full(2, 4, np.uint8),
    }
    return sealed(c, **nothing)


def test_structures_without_a_cell(model):
    block = block_of(model(), molecule(), weights(2, stress=False))
    energy, force, stress = block.predict(X)
    expected = small_jobs.predictions("stillinger-weber", kernel_at(X), molecule())
    assert energy == pytest.approx(expected[0]) and force == pytest.approx(expected[1])
    assert np.isnan(stress).all()
    assert len(block.linearise(X)[0]) == 2 + 48
    assert np.isfinite(block.cost(X))


def test_predictions(block):
    energy, force, stress = small_jobs.predictions("stillinger-weber", kernel_at(X), silicon(4))
    found = block.predict(X)
    assert found[0] == pytest.approx(energy, rel=1e-14)
    assert found[1] == pytest.approx(force, rel=1e-12, abs=1e-13)
    assert found[2] == pytest.approx(stress, rel=1e-12, abs=1e-15)


def test_missing_targets_leave_no_trace(model):
    c = silicon(2)
    holes = sealed(c, energy=np.array([np.nan, c.energy[1]]), mask=np.array([1, 0], np.uint8))
    factors = weights(2)
    without = replace(factors, energy=np.array([0.0, factors.energy[1]]))
    rows = block_of(model(), holes, without).linearise(X)
    assert np.isfinite(rows).all() and not rows[:, 0].any()
    assert np.array_equal(rows[:, 1:], block_of(model(), c, factors).linearise(X)[:, 1:])


def test_numbers_that_are_not_finite_are_told(model):
    c = silicon(3)
    position = c.position.copy()
    position[8] = position[9]
    block = block_of(model(), sealed(c, position=position), weights(3))
    assert block.cost(X) == np.inf
    assert block.first_non_finite.structure == 1
    block.linearise(X)
    assert np.isnan(block.second_derivative(V, 0.1)).all()


def test_a_block_made_again_gives_the_same_bits(model):
    made, c = model(), silicon(6)
    part = c.take(np.arange(2, 5))
    blocks = [block_of(made, part, weights(3)) for _ in range(2)]
    block_of(made, c, weights(6)).linearise(X)
    assert blocks[0].linearise(X).tobytes() == blocks[1].linearise(X).tobytes()
    assert blocks[0].cost(X) == blocks[1].cost(X)
    assert blocks[0].linearise(X).ctypes.data % 64 == 0


def test_memory_grows_by_the_jacobian(block):
    before = block.n_bytes
    rows = block.linearise(X)
    assert block.n_bytes == before + rows.nbytes and before > 8 * len(rows[0])


@pytest.mark.parametrize("n", range(1, 40))
def test_rows_start_at_a_cache_line(n):
    whole = aligned(3, n)
    assert whole.shape == (3, n) and whole.ctypes.data % 64 == 0 and not whole.any()
    first, second = Workspace().take(2, n, 5)
    assert first.shape == (2, n) and second.shape == (2, 5)
    assert first.ctypes.data % 64 == 0 and second.ctypes.data % 64 == 0
    first[:], second[:] = 1.0, 2.0
    assert (first == 1.0).all() and (second == 2.0).all()
