"""Datasets and own structures that relax in one objective, on real ranks: the same bits on any number of them."""

import importlib.util
import io
import random
import time
from pathlib import Path

import pytest
import small_jobs
from mixed_jobs import mixed_job
from small_jobs import bits, silicon
from test_ranks import MPIRUN, finished, kill, started, wait_for_ranks

from hpcfit.cli import run
from hpcfit.output.store import load
from hpcfit.parallel.communicator import Serial

pytestmark = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]

#: Blocks enough that own structures stand in several.
JOB = mixed_job('<fitting blocks="60" checkpoint-interval="2"><geodesic-lm/></fitting>')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(8)})
    yield tmp_path
    wait_for_ranks()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The fit in one process, without MPI."""
    folder = tmp_path_factory.mktemp("mixed")
    job = small_jobs.write_job(folder, JOB, {"si.h5": silicon(8)})
    assert run.fit(str(job), str(folder / "run.h5"), False, Serial(), io.StringIO()).startswith("converged")
    stored = load(str(folder / "run.h5"))
    assert stored.state.iteration > 3
    assert [outcome.id for outcome in stored.result.structures] == ["dia", "bcc", "vacancy", "formation"]
    assert not any(outcome.trouble for outcome in stored.result.structures)
    return bits(folder / "run.h5")


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 4])
def test_same_bits_as_one_process(n_ranks, folder, expected):
    done = finished(n_ranks, "run", "job.xml")
    assert done.returncode == 0, done.stderr
    assert bits("run.h5") == expected
    assert Path("vacancy.xyz").read_text().startswith("15\n")


@pytest.mark.parametrize(("n_ranks", "then"), [(2, 3), (3, 1)])
def test_same_bits_after_a_kill(n_ranks, then, folder, expected):
    process = started(n_ranks, "run", "job.xml")
    time.sleep(random.Random(n_ranks + 10 * then).uniform(0.1, 0.5))
    kill(process)
    assert not load("run.h5").complete
    done = finished(then, "resume", "run.h5")
    assert done.returncode == 0, done.stderr
    assert bits("run.h5") == expected
