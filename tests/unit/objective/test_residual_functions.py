"""Residual functions of the user: their slopes, their derivatives, and what is said of those that are faulty."""

import itertools
import sys

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.objective.residuals import Residual, ResidualRows, Subjects, load_residual
from hpcfit.objective.slopes import along, find_slopes
from hpcfit.records import ResidualFile

RANDOM = np.random.default_rng(1)
START = np.array([0, 4, 11, 15])
RANDOM = np.random.default_rng(5)
REFERENCE = np.where(np.isin(np.arange(15), START), -40.0, 0.5) * RANDOM.uniform(0.5, 1.5, 15)
PREDICTION = REFERENCE + RANDOM.normal(scale=0.3, size=15)
COLUMNS = RANDOM.normal(size=(3, 15)) * np.array([1.0, 1e-3, 1e4])[:, None]


def weighted(identifier, natoms, weight, prediction, reference, data):
    factor = 10.0 if "hot" in identifier else 1.0
    return factor * weight * (prediction - reference) / natoms


def rows(function, **more):
    subjects = Subjects(
        place="si.h5",
        numbers=np.array([3, 4, 7]),
        identifiers=["cold/3", "hot/4", "hot/7"],
        n_atoms=[1, 2, 1],
        weights=[1.0, 0.3, 2.0],
        start=START,
        reference=REFERENCE.copy(),
    )
    return ResidualRows(Residual(function, data={"c": 1.5}, **more), subjects)


def derivatives(function, **more):
    made = rows(function, **more)
    values = made.values(PREDICTION.copy())
    return made.columns(PREDICTION.copy(), values, COLUMNS.copy())


def test_a_weight_per_row_is_found_and_used_for_every_column():
    factor = np.repeat([1.0, 10 * 0.3 / 2, 20.0], np.diff(START))
    made = rows(weighted)
    values = made.values(PREDICTION.copy())
    # a few roundings of numbers of the size of predictions
    assert values == pytest.approx(factor * (PREDICTION - REFERENCE), rel=1e-13)
    found = made.columns(PREDICTION.copy(), values, COLUMNS.copy())
    np.testing.assert_allclose(found, factor * COLUMNS, rtol=1e-14)


def test_calls_once_per_configuration_once_it_is_known():
    calls = []

    def counted(*arguments):
        calls.append(arguments[0])
        return weighted(*arguments)

    made = rows(counted)
    made.columns(PREDICTION.copy(), made.values(PREDICTION.copy()), COLUMNS.copy())
    calls.clear()
    made.columns(PREDICTION.copy(), made.values(PREDICTION.copy()), COLUMNS.copy())
    assert calls == ["cold/3", "hot/4", "hot/7"]


def mixing(identifier, natoms, weight, prediction, reference, data):
    difference = prediction - reference
    return difference + 0.5 * difference[::-1] - difference.mean()


def test_a_function_that_mixes_rows_is_exact_to_rounding():
    pieces = [slice(a, b) for a, b in itertools.pairwise(START)]
    expected = np.array(
        [
            np.concatenate([mixing("", 1, 1.0, c[p], np.zeros(p.stop - p.start), {}) for p in pieces])
            for c in COLUMNS
        ]
    )
    found = derivatives(mixing)
    # rounding of sums of numbers of the size of the column
    assert np.abs(found - expected).max(axis=1) == pytest.approx(np.zeros(3), abs=1e-9)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def bent(identifier, natoms, weight, prediction, reference, data):
    difference = prediction - reference
    return np.arctan(data["c"] * difference) + 0.1 * difference**2


def test_a_function_that_bends_has_ten_digits():
    difference = PREDICTION - REFERENCE
    slope = 1.5 / (1 + (1.5 * difference) ** 2) + 0.2 * difference
    found = derivatives(bent)
    # five points, 1e-3 apart, of numbers of the size of 40: rounding of 1e-14 divided by the step
    limit = 1e-10 * np.abs(COLUMNS).max(axis=1, keepdims=True)
    assert (np.abs(found - slope * COLUMNS) < limit).all()


def clipped(identifier, natoms, weight, prediction, reference, data):
    return np.clip(prediction - reference, -0.2, 0.2)


def test_a_function_that_is_straight_in_pieces():
    inside = np.abs(PREDICTION - REFERENCE) < 0.2
    assert inside.any() and not inside.all()
    found = derivatives(clipped)
    np.testing.assert_allclose(found, np.where(inside, COLUMNS, 0.0), rtol=1e-9, atol=1e-9)


def test_slopes_found_in_one_place_are_not_believed_in_another():
    def far_away(identifier, natoms, weight, prediction, reference, data):
        difference = prediction - reference
        return np.where(difference < 500.0, difference, 500.0 + (difference - 500.0) ** 3)

    made = rows(far_away)
    made.columns(PREDICTION.copy(), made.values(PREDICTION.copy()), COLUMNS.copy())
    moved = PREDICTION.copy()
    moved[5] += 501.0
    found = made.columns(moved.copy(), made.values(moved.copy()), COLUMNS[:1].copy())
    excess = moved[5] - REFERENCE[5] - 500.0
    assert found[0, 5] == pytest.approx(3.0 * excess**2 * COLUMNS[0, 5], rel=1e-7)
    assert found[0, :4] == pytest.approx(COLUMNS[0, :4], rel=1e-13)


def test_derivatives_handed_over():
    def diagonal(identifier, natoms, weight, prediction, reference, data):
        return np.full(len(prediction), 7.0)

    def matrix(identifier, natoms, weight, prediction, reference, data):
        n = len(prediction)
        return np.eye(n) + 0.5 * np.eye(n)[::-1] - 1.0 / n

    assert derivatives(mixing, derivative=diagonal) == pytest.approx(7.0 * COLUMNS, rel=1e-15)
    np.testing.assert_allclose(
        derivatives(mixing, derivative=matrix), derivatives(mixing), rtol=1e-9, atol=1e-9
    )


def test_a_derivative_of_the_wrong_shape():
    with pytest.raises(
        InputError, match=r"configuration 3 \(cold/3\): derivative .* wrong shape, found \[2\]"
    ):
        derivatives(mixing, derivative=lambda *_: np.zeros(2))


def on_hot_7(answer):
    def function(identifier, natoms, weight, prediction, reference, data):
        return answer(prediction) if identifier == "hot/7" else prediction - reference

    return function


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda p: p[1:], r"returns the wrong length, found \[3\], allowed \[4\]"),
        (lambda p: p.sum(), r"returns the wrong length, found \[\], allowed \[4\]"),
        (lambda p: p * [1, 1, np.nan, 1], "returns NaN"),
        (lambda p: p + RANDOM.random(), r"differs between two calls, found -[\d.]+ and -[\d.]+"),
        (lambda p: p * 1j, "returns complex numbers"),
        (lambda p: [1j] * len(p), "returns complex numbers"),
        (lambda p: p.missing, "fails, found AttributeError"),
        (lambda p: sys.exit(0), "fails, found SystemExit: 0"),
        (lambda p: p.__iadd__(1.0), "fails, found ValueError: output array is read-only"),
    ],
)
def test_a_faulty_function_is_named_with_its_configuration(answer, message):
    with pytest.raises(InputError, match=rf"si.h5: configuration 7 \(hot/7\): residual function {message}"):
        rows(on_hot_7(answer)).values(PREDICTION.copy())


def test_a_function_that_has_no_answer_everywhere():
    def narrow(identifier, natoms, weight, prediction, reference, data):
        if np.abs(prediction - reference).max() > 1.2:
            raise ValueError("too far")
        return prediction - reference

    np.testing.assert_allclose(derivatives(narrow), COLUMNS, rtol=1e-9, atol=1e-9)


def test_lists_are_answers_too():
    made = rows(lambda identifier, natoms, weight, prediction, reference, data: list(prediction - reference))
    assert made.values(PREDICTION.copy()) == pytest.approx(PREDICTION - REFERENCE, rel=1e-15)


def test_slopes_of_a_matrix_are_not_slopes_of_rows():
    slopes = find_slopes(lambda p: p[::-1].copy(), REFERENCE[:6].copy())
    assert np.isnan(slopes.slope).sum() == 6


@pytest.mark.parametrize("shift", [1.0, 1e3, 1e6])
def test_straight_rows_far_from_zero_have_slopes(shift):
    """Rounding of a difference of large numbers is not taken for a bend."""
    base = shift * np.linspace(0.7, 1.3, 50)
    found = find_slopes(lambda x: 0.37 * x - 0.37 * base, base)
    assert found.slope == pytest.approx(0.37, rel=1e-12)
    bent = find_slopes(lambda x: 0.37 * (x - base) + 1e-6 * (x - base) ** 2 / shift, base)
    assert np.isnan(bent.slope).all()


def test_along_nothing():
    assert (along(np.sin, np.ones(3), np.sin(np.ones(3)), np.zeros(3)) == 0.0).all()


def test_functions_of_files():
    head = "def mine(identifier, natoms, weight, prediction, reference, data):\n"
    source = f"SCALE = 2\n{head}    return SCALE * prediction\n"
    residual = load_residual(ResidualFile("mine", "f.py", "/f.py", source), True)
    assert residual.function("", 1, 1, 3.0, 0.0, residual.data) == 6.0
    assert residual.data == {"normalize_by_natoms": True}
    with pytest.raises(InputError, match=r"f\.py: no such function, found other, allowed mine"):
        load_residual(ResidualFile("other", "f.py", "/f.py", source), True)
    with pytest.raises(InputError, match=r"f\.py: cannot be run, found ZeroDivisionError"):
        load_residual(ResidualFile("mine", "f.py", "/f.py", "1/0"), True)
    with pytest.raises(InputError, match=r"f\.py: cannot be run, found SystemExit: 0"):
        load_residual(ResidualFile("mine", "f.py", "/f.py", "raise SystemExit(0)"), True)
