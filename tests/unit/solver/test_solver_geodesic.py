from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import least_squares

from hpcfit.records import GeodesicOptions, SolverState
from hpcfit.runfile.file import state_values
from hpcfit.solver import geodesic
from hpcfit.solver.geodesic import iterate, start
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.step import Bounds, QuadraticModel, Step
from hpcfit.solver.triangular import factor_rows, linearisation
from tests.helpers.array_problems import CASES, ArrayProblem, jacobian_of

INF = np.inf

#: Problem, start or None for the table's, lower, upper: one bound at least is active at the minimum or at the start.
BOUNDED = {
    "cut in the canyon": ("rosenbrock", None, (-INF, -INF), (0.5, INF)),
    "start at a bound that is left": ("rosenbrock", (-1.2, 1.0), (-1.2, -1.0), (INF, 1.0)),
    "start at a bound that stays": ("beale", (1.0, 0.8), (-INF, 0.8), (INF, INF)),
    "both bounds": ("beale", None, (0.0, 0.0), (2.0, 1.5)),
    "one parameter pinned": ("beale", (1.0, 0.6), (-INF, 0.6), (INF, 0.6)),
    "start in a corner": (
        "powell singular",
        (3.0, -1.0, 0.5, 1.0),
        (-INF, -1.0, 0.5, -INF),
        (3.0, INF, 2.0, INF),
    ),
    "rounding at the bound": ("misra1a", (150.0, 1e-4), (-INF, -INF), (200.1, INF)),
    "rates apart": ("three exponentials", None, (-INF,) * 5 + (1.2,), (INF,) * 6),
}


def unbounded(x):
    return Bounds(np.full(len(x), -INF), np.full(len(x), INF))


def states_of(problem, x, bounds=None, **options):
    x = np.array(x, dtype=float)
    made = replace(GeodesicOptions(), **options)
    return list(iterate(problem, start(x, problem), bounds or unbounded(x), made))


@pytest.mark.parametrize("name", CASES)
def test_finds_the_known_minimum(name):
    case = CASES[name]
    problem = ArrayProblem(case.residual)
    states = states_of(problem, case.start)
    assert states[-1].outcome.startswith("converged")
    assert states[-1].cost == pytest.approx(case.cost, rel=1e-9, abs=1e-20)
    if case.x is not None:
        assert states[-1].x == pytest.approx(np.array(case.x), rel=1e-5, abs=1e-9)
    costs = [state.cost for state in states[:-1]]
    assert all(later < earlier for earlier, later in pairwise(costs))


@pytest.mark.parametrize("name", BOUNDED)
def test_bounded_minimum_is_that_of_scipy(name):
    case, x, lower, upper = BOUNDED[name]
    x = np.array(x or CASES[case].start, dtype=float)
    problem, bounds = ArrayProblem(CASES[case].residual), Bounds(np.array(lower), np.array(upper))
    states = states_of(problem, x, bounds)
    for point in [*problem.asked, *(state.x for state in states)]:
        assert np.all(point >= bounds.lower) and np.all(point <= bounds.upper)

    free = bounds.lower < bounds.upper
    inside = np.clip(x, bounds.lower + 1e-9, bounds.upper - 1e-9)

    def reduced(y):
        whole = np.where(free, 0.0, x).astype(y.dtype)
        whole[free] = y
        return problem.residual(whole)

    best = least_squares(
        reduced,
        inside[free],
        lambda y: jacobian_of(reduced, y),
        bounds=(bounds.lower[free], bounds.upper[free]),
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        x_scale="jac",
        max_nfev=2000,
    )
    assert states[-1].outcome.startswith("converged")
    assert states[-1].cost == pytest.approx(2 * best.cost, rel=1e-6, abs=1e-14)
    assert states[-1].x[free] == pytest.approx(best.x, rel=1e-3, abs=1e-5)
    assert np.array_equal(states[-1].x[~free], x[~free])


def test_an_active_bound_counts_for_neither_angle_nor_gradient():
    problem = ArrayProblem(lambda x: np.array([x[0] - 3.0, 2.0 * (x[1] - 1.0), x[0] * 0 + 0.5]))
    last = states_of(problem, (0.0, 0.0), Bounds(np.array([-INF, -INF]), np.array([1.0, INF])))[-1]
    assert last.x[0] == 1.0 and last.x[1] == pytest.approx(1.0, abs=1e-6)
    assert last.outcome == geodesic.CONVERGED_ANGLE
    assert last.angle < 1e-5 and last.gradient < 1e-4


@pytest.mark.parametrize("case", ["thurber", "four exponentials"])
def test_goes_on_from_every_state_with_the_same_bits(case):
    x = CASES[case].start
    whole = states_of(ArrayProblem(CASES[case].residual), x)
    first = start(np.array(x), ArrayProblem(CASES[case].residual))
    for k, state in enumerate([first, *whole[:-1]]):
        rest = iterate(ArrayProblem(CASES[case].residual), state, unbounded(x), GeodesicOptions())
        for expected, found in zip(whole[k:], rest, strict=True):
            a, b = state_values(expected), state_values(found)
            for name in a:
                assert np.asarray(a[name]).tobytes() == np.asarray(b[name]).tobytes(), (k, name)


def test_nothing_follows_an_outcome():
    problem = ArrayProblem(CASES["beale"].residual)
    last = states_of(problem, (1.0, 1.0))[-1]
    problem.asked.clear()
    assert list(iterate(problem, last, unbounded(last.x), GeodesicOptions())) == []
    assert problem.asked == []


def flat(x):
    """A residual that does not depend on its parameters, orthogonal to nothing."""
    return np.array([1.0 + 0 * x[0], 2.0 + 0 * x[1]])


def wall(x):
    """The way to the minimum at x = 3 leads past x = 1, behind which nothing is finite."""
    return np.array([np.where(x.real < 1.0, x - 3.0, np.nan)[0], 0.1 * x[0]])


def test_outcomes():
    rosenbrock = CASES["rosenbrock"].residual

    def outcome(residual, x, **options):
        return states_of(ArrayProblem(residual), x, **options)[-1].outcome

    assert outcome(flat, (1.0, 1.0)) == geodesic.STOPPED_FLAT
    assert outcome(lambda x: x[:1] * 0, (1.0,)) == geodesic.CONVERGED_COST
    assert (
        outcome(rosenbrock, (-1.2, 1.0), angle_tolerance=2.0, parameter_tolerance=np.inf)
        == geodesic.CONVERGED_ANGLE
    )
    assert outcome(rosenbrock, (-1.2, 1.0), step_tolerance=1e3) == geodesic.CONVERGED_STEP
    assert outcome(rosenbrock, (-1.2, 1.0), cost_tolerance=1.0, initial_radius=0.1) == geodesic.CONVERGED_COST
    assert outcome(rosenbrock, (-1.2, 1.0), goal=3.0) == geodesic.CONVERGED_GOAL
    assert outcome(rosenbrock, (-1.2, 1.0), max_iter=2) == geodesic.STOPPED_ITERATIONS
    assert outcome(rosenbrock, (-1.2, 1.0), max_evaluations=6) == geodesic.STOPPED_EVALUATIONS
    assert outcome(lambda x: x * np.nan, (1.0,)) == geodesic.STOPPED_NOT_FINITE


def test_limits_hold_and_count_what_was_asked():
    residual = CASES["rosenbrock"].residual
    problem = ArrayProblem(residual)
    states = states_of(problem, (-1.2, 1.0), max_iter=3, initial_radius=0.1)
    assert [state.iteration for state in states] == [1, 2, 3, 3]
    last = states[-1]
    assert len(problem.asked) == last.n_linearisations + last.n_costs + last.n_second_derivatives


@pytest.mark.parametrize("most", range(1, 12))
def test_no_more_is_evaluated_than_allowed_and_the_best_point_returned(most):
    problem = ArrayProblem(CASES["four exponentials"].residual)
    last = states_of(problem, CASES["four exponentials"].start, max_evaluations=most)[-1]
    assert last.outcome == geodesic.STOPPED_EVALUATIONS and len(problem.asked) == most
    assert last.cost == problem.cost(last.x) == last.best_cost


@pytest.mark.parametrize(
    ("outcome", "restarted", "returned"),
    [
        ("converged: gradient angle", "", "stopped: no progress"),
        ("converged: step", "parameters evaporated", "stopped: parameters evaporated"),
        ("stopped: iteration limit", "parameters evaporated", "stopped: iteration limit"),
    ],
)
def test_a_fit_that_ends_above_its_best_point_returns_that_point(outcome, restarted, returned):
    best = start(np.array([-1.2, 1.0]), ArrayProblem(CASES["rosenbrock"].residual))
    above = replace(best, x=best.x + 1.0, cost=2.0 * best.cost, outcome=outcome, restarted=restarted)
    ended = geodesic._ended(above)
    assert (ended.x.tolist(), ended.cost, ended.outcome) == (best.x.tolist(), best.cost, returned)
    # A state at the best point keeps its outcome, also if that point is another of equal cost.
    level = replace(above, cost=best.cost)
    assert geodesic._ended(level) is level


def test_time_is_limited():
    (last,) = states_of(ArrayProblem(CASES["beale"].residual), (1.0, 1.0), max_time=1e-9)
    assert last.outcome == geodesic.STOPPED_TIME and last.n_linearisations == 0


def test_three_small_gains_in_a_row_end_the_fit():
    options = {"cost_tolerance": 1.0, "initial_radius": 0.1}
    states = states_of(ArrayProblem(CASES["rosenbrock"].residual), (-1.2, 1.0), **options)
    assert [state.solver.small_gains for state in states] == [1, 2, 3, 3]


def test_a_start_that_is_not_finite_is_not_left():
    problem = ArrayProblem(lambda x: x * np.inf)
    (last,) = states_of(problem, (2.0, 3.0))
    assert last.outcome == geodesic.STOPPED_NOT_FINITE and list(last.x) == [2.0, 3.0]


def test_a_jacobian_that_is_not_finite_ends_the_fit():
    problem = ArrayProblem(lambda x: x + 1.0)
    problem.linearise = lambda x: linearisation(factor_rows(np.full((2, 3), np.inf)))
    (last,) = states_of(problem, (0.0,))
    assert last.outcome == geodesic.STOPPED_NOT_FINITE and last.cost == 1.0


@pytest.mark.parametrize("triangle, projection", [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0)])
def test_one_part_of_a_linearisation_that_is_not_finite_ends_the_fit(triangle, projection):
    problem = ArrayProblem(lambda x: x + 1.0)
    problem.linearise = lambda x: Linearisation(np.array([[triangle]]), np.array([projection]))
    (last,) = states_of(problem, (0.0,))
    assert last.outcome == geodesic.STOPPED_NOT_FINITE and list(last.x) == [0.0]


def test_a_region_that_is_not_finite_is_kept_out_of():
    problem = ArrayProblem(wall)
    states = states_of(problem, (-5.0,))
    assert any(not np.isfinite(wall(point)).all() for point in problem.asked)
    assert all(state.x[0] < 1.0 and np.isfinite(state.cost) for state in states)
    assert states[-1].x[0] > 0.9


def test_a_fit_that_no_step_helps_ends_without_converging():
    # The Jacobian promises a gain that the residual does not give, as beside a step of a truncated potential.
    problem = ArrayProblem(lambda x: np.array([1.0 + x[0]]))
    problem.cost = lambda x: 1.0
    (last,) = states_of(problem, (0.0,))
    assert last.outcome == geodesic.STOPPED_NO_PROGRESS and last.restarted == "no progress"
    assert last.n_costs < 140
    (last,) = states_of(problem, (0.0,), restart=False)
    assert last.outcome == geodesic.STOPPED_NO_PROGRESS and not last.restarted


def test_damping_falls_after_a_success_and_rises_after_a_failure():
    options = {"damping": "delayed-gratification", "initial_damping": 1.0}
    states = states_of(ArrayProblem(CASES["rosenbrock"].residual), (-1.2, 1.0), **options)
    damping, evaluations = 1.0, 0
    for state in states[:-1]:
        rejected = state.n_second_derivatives - evaluations - 1
        damping, evaluations = damping * 2.0**rejected / 5.0, state.n_second_derivatives
        assert state.solver.damping == pytest.approx(damping, rel=1e-12)


def test_acceleration_stays_below_its_limit():
    states = states_of(
        ArrayProblem(CASES["four exponentials"].residual), CASES["four exponentials"].start, alpha=0.2
    )
    assert all(state.acceleration <= 0.2 for state in states)
    assert max(state.acceleration for state in states) > 0.05


@pytest.mark.parametrize("scaling", ["running-maximum", "identity"])
def test_more_parameters_than_residuals(scaling):
    problem = ArrayProblem(lambda x: np.array([x[0] * x[1] * x[2] - 3.0, x[0] + np.sin(x[3]) - 1.0]))
    last = states_of(problem, (1.0, 2.0, 3.0, 0.2), scaling=scaling)[-1]
    # Quadratic convergence, no step of which is lost to the acceleration.
    assert last.outcome == geodesic.CONVERGED_STEP and last.cost < 1e-20
    assert len(problem.asked) < 20


def test_a_large_residual_does_not_end_a_fit_whose_scaling_is_in_units_of_the_parameters():
    # A step is compared with the parameters' size, and they with a trace of the residual in their units.
    problem = ArrayProblem(lambda x: np.exp(100.0 * x * x) - 3.0)
    last = states_of(problem, (1.0,), scaling="identity", max_iter=400, patience=400)[-1]
    assert last.outcome == geodesic.CONVERGED_STEP and last.cost < 1e-20


def test_a_start_so_far_that_squares_overflow_has_not_converged():
    problem = ArrayProblem(
        lambda x: x[0] * (x[1] * np.array([1.0, 0.1, 0.02]) - np.array([1.0, 0.5, 0.3])) - 1.0
    )
    first, *_ = states_of(problem, (1e100, 0.6))
    assert first.iteration == 1 and not first.outcome


def test_scaling_a_parameter_changes_nothing_but_its_unit():
    factor = np.array([1e2, 1e-2])
    plain = states_of(ArrayProblem(CASES["beale"].residual), (1.0, 1.0))
    scaled = states_of(
        ArrayProblem(lambda y: CASES["beale"].residual(y * factor)), np.array([1.0, 1.0]) / factor
    )
    assert scaled[3].x * factor == pytest.approx(plain[3].x, rel=1e-6)
    assert scaled[3].cost == pytest.approx(plain[3].cost, rel=1e-6)


def test_a_parameter_without_any_effect_is_left_alone():
    last = states_of(ArrayProblem(lambda x: CASES["beale"].residual(x[:2]) + 0 * x[2]), (1.0, 1.0, 7.0))[-1]
    assert last.x == pytest.approx(np.array([3.0, 0.5, 7.0]), rel=1e-8)


def faint(x):
    """Columns of 1e-97 beside a residual of 1: steps over- and underflow."""
    return np.array([1.0 + 0 * x[0], 1e-97 * (x[0] - 2.0), 1e-97 * x[1] ** 2])


def test_columns_whose_squares_underflow_raise_nothing():
    last = states_of(ArrayProblem(faint), (1.0, 25.0))[-1]
    assert last.outcome and last.cost == 1.0


def test_steps_that_keep_little_of_what_they_promise_are_no_progress():
    # The linear model reaches the minimum at 100, a radius of 1 does not: 10 steps lower the cost by a fifth, 40 by
    # more than half.
    options = {"initial_radius": 1.0, "radius_up": 1.0001, "acceleration": False, "restart": False}
    problem = ArrayProblem(lambda x: x - 100.0)
    last = states_of(problem, (0.0,), patience=10, **options)[-1]
    assert last.outcome == geodesic.STOPPED_NO_PROGRESS and last.iteration == 10
    assert states_of(problem, (0.0,), patience=40, **options)[-1].outcome.startswith("converged")


@pytest.mark.parametrize("angle", [1e-5, 0.0])
def test_a_parameter_that_runs_away_has_evaporated_however_the_fit_ends(angle):
    problem = ArrayProblem(lambda x: np.array([1.0 / (1.0 + x[0]), 1.0 + 0 * x[0]]))
    last = states_of(problem, (1.0,), angle_tolerance=angle, cost_tolerance=1e-7, parameter_tolerance=10.0)[
        -1
    ]
    assert last.outcome == geodesic.STOPPED_EVAPORATED and last.restarted == "evaporated"


def test_the_angle_does_not_end_a_fit_whose_parameters_still_change():
    x = CASES["thurber"].start
    early = states_of(ArrayProblem(CASES["thurber"].residual), x, parameter_tolerance=np.inf)[-1]
    late = states_of(ArrayProblem(CASES["thurber"].residual), x, angle_tolerance=early.angle)[-1]
    best = states_of(ArrayProblem(CASES["thurber"].residual), x, angle_tolerance=1e-12)[-1]
    assert early.outcome == geodesic.CONVERGED_ANGLE
    # A step below 1e-6 of every parameter leaves less than that where convergence is at least halving.
    assert np.max(np.abs(late.x / best.x - 1)) < 2e-6 < np.max(np.abs(early.x / best.x - 1))


def test_no_progress_where_the_angle_is_met_is_convergence():
    # As at a kink: the angle is small, a full step would move the parameter, and no step lowers the cost.
    problem = ArrayProblem(lambda x: np.array([1.0 + 0 * x[0], 1e-6 * (x[0] + 1.0)]))
    problem.cost = lambda x: 1.0
    (last,) = states_of(problem, (1.0,))
    assert last.outcome == geodesic.CONVERGED_ANGLE and not last.restarted
    (last,) = states_of(problem, (1.0,), angle_tolerance=1e-7)
    assert last.outcome == geodesic.STOPPED_NO_PROGRESS


@pytest.mark.parametrize("turn", [0.0, 0.5, 2.0, np.pi])
def test_the_angle_between_steps_is_that_in_units_of_the_scaling(turn):
    scale, flat = np.array([0.5, 40.0]), Bounds(np.full(2, -INF), np.full(2, INF))
    last, now = np.array([3.0, 0.0]), 0.1 * np.array([np.cos(turn), np.sin(turn)])
    at = Linearisation(np.eye(2), np.zeros(2))
    model = QuadraticModel(at, scale, np.zeros(2), flat)
    step = Step(now / scale, np.ones(2, bool), float(np.linalg.norm(now)), model.system.undamped)
    state = SolverState(np.zeros(2), direction=last)
    assert geodesic._cosine(state, model, step) == pytest.approx(np.cos(turn), rel=1e-14)
    assert geodesic._cosine(replace(state, direction=np.zeros(0)), model, step) == 0.0
