"""The same script on every rank: the same answers to the last bit, and mistakes that end it everywhere."""

from pathlib import Path

import pytest

from hpcfit.parallel.communicator import Serial
from tests.helpers import small_jobs
from tests.helpers.mixed_jobs import mixed_job
from tests.helpers.mpi import PROGRAMS, launch, needs_mpi, on_ranks, wait_for_ranks
from tests.helpers.small_jobs import silicon
from tests.parallel.drive_api import bits

pytestmark = needs_mpi

JOB = mixed_job('<fitting blocks="20"><geodesic-lm/></fitting>')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(8)})
    yield tmp_path
    wait_for_ranks()


def driven(mode, n_ranks):
    done = launch(on_ranks(n_ranks, str(PROGRAMS / "drive_api.py"), mode))
    return done, [Path(f"told.{rank}") for rank in range(n_ranks)]


@pytest.mark.parametrize("n_ranks", [pytest.param(2, marks=pytest.mark.long), 3])
def test_same_bits_as_one_process(n_ranks, folder, capsys):
    bits(Serial())
    expected = Path("told.0").read_text()
    assert expected.startswith("converged")
    Path("told.0").unlink()
    done, files = driven("bits", n_ranks)
    assert done.returncode == 0, done.stderr
    assert [path.read_text() for path in files] == [expected] * n_ranks


def test_a_mistake_on_one_rank_is_told_to_all(folder):
    done, told = driven("bad", 2)
    assert done.returncode == 0, done.stderr
    said = {path.read_text() for path in told}
    assert len(said) == 1
    assert "bad parameters, found [1.], allowed 3 finite numbers, then 0x1." in said.pop()


def test_a_crash_on_one_rank_ends_all(folder):
    done, told = driven("crash", 2)
    assert done.returncode == 1
    assert "hpcfit: unexpected error on rank 1" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert not any(path.exists() for path in told)
