"""The same script on every rank: the same answers to the last bit, and mistakes that end it everywhere."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import small_jobs
from mixed_jobs import mixed_job
from small_jobs import silicon
from test_ranks import MPIRUN, TIME_LIMIT, wait_for_ranks

pytestmark = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]

DRIVER = str(Path(__file__).with_name("drive_api.py"))
JOB = mixed_job('<fitting blocks="20"><geodesic-lm/></fitting>')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(8)})
    yield tmp_path
    wait_for_ranks()


def driven(mode, n_ranks):
    command = [MPIRUN, "-n", str(n_ranks), sys.executable, DRIVER, mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    return done, [Path(f"told.{rank}") for rank in range(n_ranks)]


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_same_bits_as_one_rank(n_ranks, folder):
    done, (alone,) = driven("bits", 1)
    assert done.returncode == 0, done.stderr
    expected = alone.read_text()
    assert expected.startswith("converged")
    done, told = driven("bits", n_ranks)
    assert done.returncode == 0, done.stderr
    assert [path.read_text() for path in told] == [expected] * n_ranks


def test_a_mistake_on_one_rank_is_told_to_all(folder):
    done, told = driven("bad", 3)
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
