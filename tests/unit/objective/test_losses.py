import math

import mpmath
import numpy as np
import pytest

from hpcfit.objective.losses import add_loss_curvature, apply, robust_losses, sum_of_squares
from hpcfit.records import RobustLoss

#: rho(z) of every loss, for numbers with many digits.
RHO = {"soft-l1": lambda z: 2 * (mpmath.sqrt(1 + z) - 1), "cauchy": lambda z: mpmath.log(1 + z)}
ROWS = np.array([-1e3, -5.0, -1.0, -0.1, 0.0, 0.3, 2.0, 1e4])
WEIGHT = np.array([1.0, 0.1, 3.0, 0.5, 1.0, 0.0, 1.0, 2.0])


def applied(name, rows, scale=1.5, weight=WEIGHT):
    columns = np.vstack([rows, np.ones((2, len(rows)))])
    apply(RobustLoss(name, scale), columns, weight)
    return columns


def test_sums_of_many_squares_keep_their_digits():
    rows = np.full(1_000_000, 0.1)
    exact = math.fsum((rows * rows).tolist())
    # Pairwise: some ulp, whatever the number of rows; one after the other it is hundreds.
    assert sum_of_squares(rows) == pytest.approx(exact, rel=4 * np.finfo(float).eps, abs=0.0)


@pytest.mark.parametrize("form", robust_losses(), ids=lambda form: form.name)
def test_every_loss_is_compared(form):
    assert form.name in RHO, "add rho to RHO in this file"


@pytest.mark.parametrize("name", RHO)
def test_squares_are_the_loss(name):
    columns = applied(name, ROWS)
    unit = 1.5 * np.where(WEIGHT > 0, WEIGHT, 1.0)
    with mpmath.workdps(60):
        rho = np.array([float(RHO[name](mpmath.mpf(u) ** 2)) for u in ROWS / unit])
    # Rounding of a few operations.
    assert columns[0] ** 2 == pytest.approx(unit**2 * rho, rel=4e-15)
    assert np.array_equal(np.sign(columns[0]), np.sign(ROWS))


@pytest.mark.parametrize("name", RHO)
def test_slopes_against_differences(name):
    rows, weight = ROWS[[1, 2, 3, 6]], WEIGHT[[1, 2, 3, 6]]
    h = 1e-3
    steps = [applied(name, rows + k * h, weight=weight)[0] for k in (-2, -1, 1, 2)]
    numerical = (steps[0] - 8 * steps[1] + 8 * steps[2] - steps[3]) / (12 * h)
    columns = applied(name, rows, weight=weight)
    # The fourth derivative is that of a row which changes within 0.15.
    assert columns[1] == pytest.approx(numerical, rel=1e-8)
    assert np.array_equal(columns[1], columns[2])


@pytest.mark.parametrize("name", RHO)
def test_second_derivatives(name):
    # Both sides of where a series ends, at u = 0.0316, among them; unit = scale = 2.
    u = np.array([-3e5, -40.0, -1.5, -0.1, -1e-3, 1e-8, 2e-3, 0.031, 0.032, 0.5, 1.0, 7.0, 1e8])
    weight, first, second = np.full(len(u), 4.0), 0.3 + np.abs(u), 0.1 * u**2
    columns = np.vstack([8.0 * u, first])
    apply(RobustLoss(name, 2.0), columns, weight)
    found = second.copy()
    add_loss_curvature(RobustLoss(name, 2.0), columns[0], weight, columns[1], found)
    with mpmath.workdps(60):
        rows = [(1 if value > 0 else -1, mpmath.mpf(value)) for value in u]
        s = [lambda x, sign=sign: sign * mpmath.sqrt(RHO[name](x**2)) for sign, _ in rows]
        slopes = np.array([float(mpmath.diff(f, value)) for f, (_, value) in zip(s, rows, strict=True)])
        bends = np.array([float(mpmath.diff(f, value, 2)) for f, (_, value) in zip(s, rows, strict=True)])
    terms = np.array([slopes * second, bends * first**2 / 8.0])
    # Of what may cancel: measured 5e-13, just above where the series ends.
    assert (np.abs(found - terms.sum(axis=0)) < 5e-12 * np.abs(terms).sum(axis=0)).all()


@pytest.mark.parametrize("name", RHO)
def test_small_rows_stay_as_they_are(name):
    rows = np.array([0.0, 1e-300, -1e-9])
    columns = applied(name, rows, weight=np.ones(3))
    assert columns[0] == pytest.approx(rows, rel=1e-15) and columns[1] == pytest.approx(1.0, rel=1e-15)


def test_the_scale_says_from_where_on():
    wide, narrow = (applied("cauchy", ROWS, scale)[0] for scale in (1e6, 1e-2))
    assert wide == pytest.approx(ROWS, rel=1e-3)
    assert abs(narrow[0]) < 0.1
