"""Datasets and own structures that relax in one objective, on real ranks: the same bits after a kill."""

import io
import random
import time

import pytest

from hpcfit.cli import run
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.mixed_jobs import mixed_job
from tests.helpers.mpi import (
    finished,
    kill,
    needs_mpi,
    nothing_left,
    started,
)
from tests.helpers.small_jobs import bits, silicon

pytestmark = needs_mpi

#: Blocks enough that own structures stand in several.
JOB = mixed_job('<fitting blocks="60" checkpoint-interval="2"><geodesic-lm/></fitting>')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(8)})
    with nothing_left():
        yield tmp_path


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The fit in one process, without MPI."""
    folder = tmp_path_factory.mktemp("mixed")
    job = small_jobs.write_job(folder, JOB, {"si.h5": silicon(8)})
    assert run.fit(str(job), str(folder / "job.run.h5"), False, Serial(), io.StringIO()).startswith(
        "converged"
    )
    return bits(folder / "job.run.h5")


@pytest.mark.long
@pytest.mark.parametrize(("n_ranks", "then"), [(2, 3), (3, 1)])
def test_same_bits_after_a_kill(n_ranks, then, folder, expected):
    process = started(n_ranks, "run", "job.xml")
    time.sleep(random.Random(n_ranks + 10 * then).uniform(0.1, 0.5))
    kill(process)
    assert not load("job.run.h5").complete
    done = finished(then, "resume", "job.run.h5")
    assert done.returncode == 0, done.stderr
    assert bits("job.run.h5") == expected
