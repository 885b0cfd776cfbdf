"""Where relaxations start is part of a fit's state: it moves with blocks, and with checkpoints."""

import io

import numpy as np
import pytest

from hpcfit.cli import resume, run
from hpcfit.objective import local
from hpcfit.objective.plan import make_plan
from hpcfit.parallel.communicator import ROOT, Serial
from hpcfit.parallel.service import Worker, requests
from hpcfit.records import Fitting, GeodesicOptions
from hpcfit.runfile.store import RunStore, load
from tests.helpers.forgetful import Forgetful
from tests.helpers.lattice_jobs import derived, lattice, lj_job, wanted
from tests.helpers.small_jobs import bits
from tests.helpers.thread_ranks import on_ranks

X = np.array([2.1, 0.45])


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    monkeypatch.setattr(local, "StructureBlock", Forgetful)


@pytest.fixture
def job(tmp_path):
    """Seven structures in six blocks, and a property of two of them."""
    children = [
        lattice(
            f"s{k}",
            3.5 + 0.1 * k,
            (wanted("lattice-parameter", 4.0), wanted("total-energy", -1.0, fit=False)),
        )
        for k in range(7)
    ]
    between = derived(
        "d", "a - b", [("a", "s1", "total-energy"), ("b", "s5", "total-energy")], 0.0, fit=False
    )
    (tmp_path / "job.xml").write_text("<job/>")
    fitting = Fitting(GeodesicOptions(max_iter=12), blocks=7, checkpoint_interval=2)
    return lj_job([*children, between], path=str(tmp_path / "job.xml"), fitting=fitting)


def answers(problem):
    """Ask in the order of a fit, move the blocks, and go on."""
    first = problem.linearise(X), problem.linearise(1.1 * X)
    problem.worker.local.seconds[:2] = 100.0  # as if the root's first two blocks took nearly all the time
    before = problem.worker.starts.copy()
    problem.balance()
    found = [*first, problem.linearise(0.9 * X)]
    numbers = [a.tobytes() for at in found for a in (at.triangle, at.projection)]
    vectors = problem.relaxed()
    problem.restore([v + 0.5 for v in vectors])
    shifted = problem.relaxed()
    assert all(np.array_equal(a + 0.5, b) for a, b in zip(vectors, shifted, strict=True))
    results = [
        (r.id, v.tobytes())
        for structures, _ in problem.results(X)
        for r in structures
        for v in r.values.values()
    ]
    return (numbers, [v.tobytes() for v in vectors], results), before, problem.worker.starts


def asked(plan):
    def of_rank(comm):
        own = local.LocalObjective(plan)
        if comm.rank != ROOT:
            return Worker(own, comm).serve()
        with requests(Worker(own, comm)) as problem:
            return answers(problem)

    return of_rank


@pytest.mark.parametrize("size", [2, 3, 4, 9])
def test_warm_starts_move_with_blocks(job, size):
    plan = make_plan(job, [])
    assert len(plan.structure_blocks) == 6
    expected = asked(plan)(Serial())[0]
    found, before, after = on_ranks(size, asked(plan))[0]
    assert found == expected
    assert after[1] == 1 and (before[1] > 1) == (size < 4)


class Killed(BaseException):
    """Ends a run as a kill does."""


@pytest.mark.parametrize(("place", "number"), [("save", 2), ("save", 4), ("save", 5), ("finish", 1)])
def test_warm_starts_survive_a_kill(job, tmp_path, monkeypatch, place, number):
    monkeypatch.chdir(tmp_path)
    for command in (run, resume):
        monkeypatch.setattr(command, "read", lambda path, *options: job)
    run.fit(job.path, "whole.h5", False, Serial(), io.StringIO())
    plain, calls = getattr(RunStore, place), []

    def dying(self, *arguments):
        calls.append(1)
        if len(calls) == number:
            raise Killed
        return plain(self, *arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(RunStore, place, dying)
        run.fit(job.path, "run.h5", False, Serial(), io.StringIO())
    assert load("run.h5").result is None and len(load("run.h5").relaxed) == 6
    resume.resume("run.h5", Serial(), io.StringIO())
    assert load("run.h5").state.iteration >= 4
    assert bits("run.h5") == bits("whole.h5")


def test_what_comes_before_the_fit_starts_where_the_job_does(job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (run, resume):
        monkeypatch.setattr(command, "read", lambda path, *options: job)
    run.fit(job.path, "run.h5", False, Serial(), io.StringIO())
    plan = make_plan(job, [])
    model = local.LocalObjective(plan).model
    answers = [Forgetful(model, block.plan).results(model.start)[0] for block in plan.structure_blocks]
    result = [result for results in answers for result in results][3]
    stored = load("run.h5").result.structures
    found = length_of(stored[3])
    assert np.array_equal(found.start, result.values["lattice-parameter"])
    assert not np.array_equal(found.start, found.value)
    assert np.array_equal(stored[7].properties[0].value, length_of(stored[1]).value)


def length_of(outcome):
    return {p.name: p for p in outcome.properties}["lattice-parameter"]
