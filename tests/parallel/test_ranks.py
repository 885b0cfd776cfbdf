"""Fits on real ranks: the same bits after kills and signals, and how failures end."""

import io
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from hpcfit.cli import resume, run
from hpcfit.fit import STOPPED_SIGNAL
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.mpi import (
    DRIVER,
    TIME_LIMIT,
    finished,
    kill,
    launch,
    needs_mpi,
    nothing_left,
    ranks,
    started,
    wait_for_ranks,
)
from tests.helpers.small_jobs import bits, job_text, silicon

pytestmark = needs_mpi

#: Killed between checkpoints as often as not.
JOB = job_text(fitting='<fitting checkpoint-interval="3"><geodesic-lm/></fitting>')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(24)})
    with nothing_left():
        yield tmp_path


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The fit in one process, without MPI."""
    folder = tmp_path_factory.mktemp("serial")
    job = small_jobs.write_job(folder, JOB, {"si.h5": silicon(24)})
    assert run.fit(str(job), str(folder / "job.run.h5"), False, Serial(), io.StringIO()).startswith(
        "converged"
    )
    return bits(folder / "job.run.h5")


@pytest.mark.parametrize(
    ("n_ranks", "then"),
    [
        (2, 3),
        (3, 2),
        pytest.param(1, 4, marks=pytest.mark.long),
        pytest.param(2, 1, marks=pytest.mark.long),
    ],
)
def test_same_bits_after_a_kill_at_any_moment(n_ranks, then, folder, expected):
    process = started(n_ranks, "run", "job.xml")
    time.sleep(random.Random(10 * n_ranks + then).uniform(0.0, 0.7))
    kill(process)
    assert not load("job.run.h5").complete
    done = finished(then, "resume", "job.run.h5")
    assert done.returncode == 0, done.stderr
    assert bits("job.run.h5") == expected


def test_a_signal_stops_with_a_checkpoint(folder, expected):
    process = started(2, "run", "job.xml")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(TIME_LIMIT) == 3
    stored = load("job.run.h5")
    assert not stored.complete and stored.state.outcome == STOPPED_SIGNAL
    assert resume.resume("job.run.h5", Serial(), io.StringIO()).startswith("converged")
    assert bits("job.run.h5") == expected


def test_an_unexpected_exception_on_one_rank_ends_all(folder):
    done = finished(3, "run", "job.xml", obstacle="exception")
    assert len(ranks()) == 3
    wait_for_ranks()
    assert done.returncode == 1
    assert done.stderr.count("hpcfit: unexpected error on rank 1") == 1
    assert done.stderr.count("ZeroDivisionError: the fault put in") == 1
    # What was reached is on disk, and the job goes on from there.
    assert not load("job.run.h5").complete


def test_bad_input_on_one_rank_is_one_line(folder):
    done = finished(3, "run", "job.xml", obstacle="unreadable")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["si.h5: cannot be read here"]
    assert not Path("job.run.h5").exists()


def test_a_changed_job_is_refused_once(folder):
    process = started(2, "run", "job.xml")
    kill(process)
    Path("job.xml").write_text(JOB.replace("<B>0.6</B>", "<B>0.61</B>"))
    done = finished(2, "resume", "job.run.h5")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "job.xml:7: job changed since the run started" in line and "<B>0.61</B>" in line


def test_copies_of_a_job_of_one_rank_are_refused(folder):
    """As a launcher starts them that does not belong to the MPI library."""
    command = [sys.executable, DRIVER, "nothing", "run", "job.xml"]
    done = launch(command, PMI_SIZE="2")
    assert done.returncode == 1
    assert done.stderr.count("2 processes were launched, found 1 rank in MPI") == 1
    assert "Traceback" not in done.stderr
    assert not Path("job.run.h5").exists()
