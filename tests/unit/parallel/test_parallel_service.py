from dataclasses import replace

import numpy as np
import pytest

from hpcfit.errors import Fault, InputError
from hpcfit.objective.local import LocalObjective
from hpcfit.parallel.communicator import ROOT, Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.parallel.service import HANDLERS, Request, RootProblem, Worker, requests
from tests.helpers import small_jobs
from tests.helpers.chebyshev_jobs import linear_job
from tests.helpers.spline_jobs import spline_eam
from tests.helpers.thread_ranks import on_ranks

X = np.array([14.0, 0.61, 2.3])
V = np.array([0.5, -0.01, 0.1])


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """12 configurations, each a block of its own."""
    folder = tmp_path_factory.mktemp("service")
    return small_jobs.plan_of(small_jobs.write_job(folder))


def questions(problem):
    at = problem.linearise(X)
    second = problem.second_derivative(V, 0.1)
    predictions = problem.predict(X)
    numbers = [at.triangle, at.projection, second, *(array for block in predictions for array in block)]
    numbers.append(problem.gradient(X)[1])
    return [problem.cost(X), *(array.tobytes() for array in numbers)], problem.memory()


def asked(plan, work):
    """Return what every rank does in a program that puts the questions `work(problem)` on the root."""

    def of_rank(comm):
        local = LocalObjective(plan)
        if comm.rank != ROOT:
            return Worker(local, comm).serve()
        with requests(Worker(local, comm)) as problem:
            return work(problem)

    return of_rank


@pytest.mark.parametrize("size", [2, 3, 5, 14])
def test_same_bits_on_any_number_of_ranks(plan, size):
    expected = asked(plan, questions)(Serial())
    first, *others = on_ranks(size, asked(plan, questions))
    assert first == expected
    assert others == [None] * (size - 1)


def test_without_reverse_mode_the_gradient_is_that_of_the_linearisation(plan):
    def work(problem):
        return problem.has_gradient, problem.gradient(X), problem.linearise(X)

    known, (cost, gradient), at = asked(plan, work)(Serial())
    assert not known and cost == at.cost and np.array_equal(gradient, at.gradient)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_gradient_in_reverse_mode_has_the_same_bits_on_any_number_of_ranks(tmp_path, size):
    path = small_jobs.write_job(tmp_path, small_jobs.job_text(potentials=spline_eam(7)))
    of_splines = small_jobs.plan_of(path)

    def work(problem):
        assert problem.has_gradient
        x = problem.worker.local.model.start
        cost, gradient = problem.gradient(x)
        return cost, gradient.tobytes(), problem.cost(x), problem.linearise(x).gradient

    cost, found, same, wanted = asked(of_splines, work)(Serial())
    gradient = np.frombuffer(found)
    assert cost == same and np.linalg.norm(gradient - wanted) <= 1e-12 * np.linalg.norm(wanted)
    assert on_ranks(size, asked(of_splines, work))[0][:3] == (cost, found, same)


@pytest.mark.parametrize("size", [2, 4])
def test_a_design_that_is_kept_gives_the_same_bits_on_any_number_of_ranks(tmp_path, size):
    linear = small_jobs.plan_of(small_jobs.write_job(tmp_path, linear_job()))

    def work(problem):
        answers = []
        for x in (np.linspace(-1, 1, 5), np.linspace(2, -3, 5)):
            at, (cost, gradient) = problem.linearise(x), problem.gradient(x)
            answers += [
                problem.cost(x),
                cost,
                gradient.tobytes(),
                at.triangle.tobytes(),
                at.projection.tobytes(),
            ]
        return answers

    assert on_ranks(size, asked(linear, work))[0] == asked(linear, work)(Serial())


def with_assembly(plan, name):
    return replace(plan, job=replace(plan.job, fitting=replace(plan.job.fitting, assembly=name)))


@pytest.mark.parametrize("name", ["stream", "normal", "gather"])
def test_assemblies_give_the_same_bits_on_any_number_of_ranks(plan, name):
    chosen = with_assembly(plan, name)
    expected = asked(chosen, questions)(Serial())
    for size in (2, 5):
        assert on_ranks(size, asked(chosen, questions))[0] == expected
    at, other = (asked(p, lambda problem: problem.linearise(X))(Serial()) for p in (chosen, plan))
    assert at.triangle == pytest.approx(other.triangle, rel=1e-11)
    assert at.projection == pytest.approx(other.projection, rel=1e-9)
    assert at.rest == pytest.approx(other.rest, rel=1e-12)


def test_streaming_keeps_no_jacobian_and_changes_no_bit(plan):
    found, less = asked(with_assembly(plan, "stream"), questions)(Serial())
    expected, memory = asked(plan, questions)(Serial())
    assert found == expected
    n_rows, n_columns = plan.blocks[0].n_atoms * 3 + len(plan.blocks[0].configurations), 4
    assert memory[0] - less[0] == 8 * n_rows * n_columns


def test_blocks_that_move_change_no_bit(plan):
    def move(problem):
        before = questions(problem)
        problem.cost(X)
        # As if the first two blocks took nearly all the time.
        problem.worker.local.seconds[:2] = 1.0
        problem.balance()
        return before, questions(problem), problem.worker.local._owned

    before, after, owned = on_ranks(3, asked(plan, move))[0]
    assert before[0] == after[0]
    assert owned == range(1)


def test_trouble_names_file_and_configuration(plan):
    def overflow(problem):
        assert problem.first_non_finite() == ""
        assert problem.cost(X) < np.inf
        assert problem.first_non_finite() == ""
        assert problem.cost(np.array([1e308, 1e308, 2.5])) == np.inf
        return problem.first_non_finite()

    where = on_ranks(3, asked(plan, overflow))[0]
    assert where.startswith("si.h5, configuration 0: stillinger-weber gives")


def test_workers_stop_when_the_root_fails_between_questions(plan):
    def fail(problem):
        problem.cost(X)
        raise OSError("disk full")

    first, *others = on_ranks(3, asked(plan, fail))
    assert isinstance(first, OSError) and others == [None, None]


def test_a_dataset_that_one_rank_cannot_read_is_told_to_all(plan):
    def of_rank(comm):
        local = LocalObjective(plan)
        if comm.rank == 1:
            local._load = lambda numbers: (_ for _ in ()).throw(InputError([Fault("si.h5", "gone")]))
        try:
            if comm.rank != ROOT:
                Worker(local, comm).serve()
            with requests(Worker(local, comm)):
                return "asked"
        except SharedError as shared:
            return str(shared.error)
        return "answered"

    assert on_ranks(3, of_rank) == ["si.h5: gone"] * 3


def test_no_question_after_one_that_failed(plan):
    """A question that raises leaves the workers inside it: telling them to stop would pair with the wrong call."""
    told = []
    comm = Serial()
    comm.broadcast = lambda value: told.append(value) or value

    def fail(*arguments):
        raise ZeroDivisionError

    local = LocalObjective(plan)
    with pytest.raises(ZeroDivisionError), requests(Worker(local, comm)) as problem:
        assert isinstance(problem, RootProblem)
        local.each = fail
        problem.cost(X)
    assert [request.name for request, _ in told] == ["COST"]


def test_the_root_does_not_serve(plan):
    with pytest.raises(ValueError, match="the root sends requests"):
        Worker(LocalObjective(plan), Serial()).serve()


def test_every_request_has_a_handler():
    assert set(HANDLERS) == set(Request) - {Request.STOP}


def test_no_more_ranks_than_blocks_are_needed(plan):
    few = replace(plan, data_blocks=plan.data_blocks[:1])
    costs = on_ranks(3, asked(few, lambda problem: problem.cost(X)))
    assert costs[0] == asked(few, lambda problem: problem.cost(X))(Serial()) and costs[1:] == [None, None]
