"""The scoreboard's problems are what they say: exact Jacobians, certified minima, starts inside bounds."""

from dataclasses import replace
from functools import partial

import bounded
import exponentials
import more_wild
import nist
import numpy as np
import ours
import pytest
from cases import Case, Counters, ExhaustedError, OutsideError, jacobian
from table import run, score

needs_nist = pytest.mark.skipif(not nist.FOLDER.is_dir(), reason="needs ../shared/data/nist")


def differences(residual, x):
    """Return the Jacobian by central differences, extrapolated once, and the size of their rounding per column."""
    columns, rounding = [], []
    size = np.abs(residual(x)).max() + 1.0
    for j in range(len(x)):
        h = 1e-4 * abs(x[j]) if x[j] else 1e-4
        two = []
        for step in (h, h / 2):
            shift = np.zeros(len(x))
            shift[j] = step
            two.append((residual(x + shift) - residual(x - shift)) / (2 * step))
        columns.append((4 * two[1] - two[0]) / 3)
        rounding.append(1e-14 * size / h)
    return np.array(columns).T, np.array(rounding)


def assert_exact(residual, x):
    exact = jacobian(residual, x)
    close, rounding = differences(residual, x)
    # The error of extrapolated differences is of fourth order in 1e-4 relative steps, times what functions curve.
    assert np.all(np.abs(exact - close) <= rounding + 1e-6 * np.abs(exact).max(axis=0))


@needs_nist
@pytest.mark.parametrize("name", nist.MODELS)
def test_nist_problem(name):
    problem = nist.read(name)
    best = problem.parameters
    r = problem.residual(best)
    # The certified values have 11 digits; Lanczos1's sum of squares is their rounding alone.
    assert r @ r == pytest.approx(problem.cost, rel=1e-9, abs=nist.ABSOLUTE)
    assert_exact(problem.residual, best)
    matrix = jacobian(problem.residual, best)
    # A minimum: the residual is normal to every column; for the three with r of rounding only the cost says so.
    if problem.cost > 1e-7:
        cosines = np.abs(matrix.T @ r) / (np.linalg.norm(matrix, axis=0) * np.linalg.norm(r))
        assert cosines.max() < 1e-5
    variance = r @ r / (len(r) - len(best)) * np.linalg.inv(matrix.T @ matrix)
    if name != "Lanczos1":
        assert np.sqrt(np.diag(variance)) == pytest.approx(problem.deviations, rel=1e-5)


#: Sums of squares by the authors' code (BenDFO), at 1.1 times the standard start plus 0.1 cos(0, 1, 2, ...).
PUBLISHED = {
    "linear-9": 76.2944004,
    "linear_rank_one-7": 14291990.67,
    "linear_rank_one_zeros-7": 5730188.693,
    "rosenbrock-2": 16.10871427,
    "helical_valley-3": 2455.904569,
    "powell_singular-4": 387.3566237,
    "freudenstein_roth-2": 630.3892447,
    "bard-3": 41.11697731,
    "kowalik_osborne-4": 0.09178064813,
    "meyer-3": 1.022311552e10,
    "watson-6": 46.70835762,
    "watson-9": 65.95946252,
    "watson-12": 112.2212872,
    "box-3": 1271.378233,
    "jennrich_sampson-2": 55483.42201,
    "brown_dennis-4": 13037808.5,
    "chebyquad-6": 0.2898486259,
    "chebyquad-7": 7.778687848,
    "chebyquad-8": 8.841857265,
    "chebyquad-9": 0.4469612685,
    "chebyquad-10": 0.6358366745,
    "chebyquad-11": 0.5731663528,
    "brown_almost_linear-10": 216.5132833,
    "osborne_1-5": 1.009732157e25,
    "osborne_2-11": 4.718574432,
    "bdqrtic-8": 1381.957773,
    "bdqrtic-10": 1799.409139,
    "bdqrtic-11": 2105.414825,
    "bdqrtic-12": 2617.751742,
    "cube-5": 44.9198004,
    "cube-6": 66.49945066,
    "cube-8": 99.63766651,
    "mancino-5": 6196792968,
    "mancino-8": 8261845726,
    "mancino-10": 9173208509,
    "mancino-12": 9819845844,
    "heart-8": 158.5349793,
}


def _name(problem):
    return f"{problem.function.__name__}-{len(problem.start)}"


def test_more_wild_problems_are_all_there():
    assert [_name(problem) for problem in more_wild.PROBLEMS] == list(PUBLISHED)
    assert len(more_wild.cases(1)) == 111


@pytest.mark.parametrize("problem", more_wild.PROBLEMS, ids=_name)
def test_more_wild_problem(problem):
    x = 1.1 * problem.start + 0.1 * np.cos(np.arange(len(problem.start)))
    assert np.sum(problem.residual(x) ** 2) == pytest.approx(PUBLISHED[_name(problem)], rel=1e-9)
    random = np.random.default_rng(1)
    x = problem.start + 0.1 * random.standard_normal(len(problem.start))
    assert len(problem.residual(x)) == problem.n
    assert_exact(problem.residual, x)


@pytest.mark.parametrize("problem", more_wild.PROBLEMS, ids=_name)
def test_best_known_minimum_is_one(problem):
    near = next(case for case in more_wild.cases(1) if case.name == f"{_name(problem)} x1")
    random = np.random.default_rng(5)
    solve = partial(ours.solve, **ours.VARIANTS["hpcfit-tolerances"])
    for k in range(16):
        factors = np.exp((0.5 if k else 0.0) * random.standard_normal(len(near.start)))
        # Freudenstein and Roth's lowest minimum lies in another quadrant than the start.
        start = near.start * factors * (random.choice([-1.0, 1.0], len(factors)) if k >= 12 else 1.0)
        found = run(solve, replace(near, start=start, ends=True))
        assert found.lowest >= problem.best * (1 - 1e-9)
        if found.jacobians is not None:
            return
    pytest.fail("the best known minimum is not reached from 16 starts")


@pytest.mark.parametrize("n_terms", [3, 6])
def test_exponentials(n_terms):
    case = exponentials.series(n_terms, 1)[0]
    assert_exact(case.residual, case.start)
    truth = exponentials.truth(n_terms)
    assert case.is_reached(truth, float(np.sum(case.residual(truth) ** 2)))
    assert not case.is_reached(case.start, float(np.sum(case.residual(case.start) ** 2)))


def test_seeds_draw_other_starts():
    first, again, other = (exponentials.series(3, seed)[0].start for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@needs_nist
@pytest.mark.parametrize("name", ["Misra1a", "MGH09", "Rat43"])
def test_bounded_cases(name):
    problem = nist.read(name)
    for case in bounded.cases_of(problem):
        assert np.all(case.start < case.upper)
        j = int(np.argmin(case.upper))
        assert np.isinf(case.upper).sum() == len(case.upper) - 1
        assert case.upper[j] == problem.parameters[j] - bounded.cut(problem, j)
        assert case.goal > problem.cost


@needs_nist
@pytest.mark.parametrize("name", ["Misra1a/2", "DanWood/1", "Chwirut2/2", "Nelson/2"])
def test_hpcfit_solves(name):
    case = next(case for case in nist.both_starts(1) if case.name == name)
    found = run(ours.solve, case)
    assert not found.error
    assert found.jacobians is not None
    assert found.jacobians <= 20


@needs_nist
def test_hpcfit_solves_inside_bounds():
    cases = bounded.cases_of(nist.read("Misra1a"))
    found = [run(ours.solve, case) for case in cases]
    assert [one.error for one in found] == [""] * 4
    assert score(found).solved == 4


def _line(x):
    return np.array([x[0] - 1, x[0] + 1])


def test_counts():
    case = Case("line", _line, np.array([3.0]), goal=2.0, upper=np.array([3.0]), n_jacobians=2)
    counters = Counters(case)
    counters.residual(np.array([3.0]))
    counters.jacobian(np.array([3.0]))
    assert counters.jacobians is None
    counters.probe(np.array([0.0]))
    assert counters.jacobians is None
    counters.residual(np.array([0.0]))
    counters.residual(np.array([0.0]))
    assert (counters.jacobians, counters.evaluations) == (2, 3)
    with pytest.raises(OutsideError):
        counters.probe(np.array([3.5]))
    counters.jacobian(np.array([0.0]))
    with pytest.raises(ExhaustedError):
        counters.jacobian(np.array([0.0]))


def test_score():
    def solve(counters):
        counters.jacobian(counters.case.start)
        if counters.case.name == "broken":
            raise ValueError("no")
        counters.residual(np.zeros(1) if counters.case.name == "good" else np.ones(1))
        counters.jacobian(counters.case.start)

    cases = [Case(name, _line, np.ones(1), goal=2.0) for name in ("good", "bad", "broken")]
    found = score([run(solve, case) for case in cases])
    assert (found.n_cases, found.solved, found.errors) == (3, 1, 1)
    assert (found.mean, found.median, found.evaluations, found.per_success) == (2.0, 2.0, 1.0, 5.0)
