"""Scripts on real ranks: the same bits as alone, on every rank, and errors that end all of them."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_jobs
from small_jobs import bits

from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.reader import Dataset

_BESIDE = Path(sys.executable).with_name("mpirun")
MPIRUN = str(_BESIDE) if _BESIDE.exists() else shutil.which("mpirun")
SCRIPT = str(Path(__file__).with_name("script.py"))

pytestmark = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]


def finished(folder, n_ranks, does="well"):
    folder.mkdir()
    small_jobs.write_dataset(folder / "si.h5", small_jobs.silicon(24))
    with Dataset(folder / "si.h5") as dataset:
        export_dataset(dataset, folder / "si.extxyz")
    command = [sys.executable, SCRIPT, does]
    if n_ranks > 1:
        command = [MPIRUN, "-n", str(n_ranks), *command]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts") / "alone"
    done = finished(folder, 1)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_same_bits_on_every_rank(n_ranks, alone, tmp_path):
    done = finished(tmp_path / "ranks", n_ranks)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.count("outcome") == 1
    for name in ("run.h5", "own.h5"):
        assert bits(tmp_path / "ranks" / name) == bits(alone / name)
    expected = (alone / "numbers.0").read_bytes()
    assert [(tmp_path / "ranks" / f"numbers.{k}").read_bytes() == expected for k in range(n_ranks)] == [
        True
    ] * n_ranks


def test_an_error_of_a_function_on_one_rank_is_one_line(tmp_path):
    done = finished(tmp_path / "ranks", 3, "nan")
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if "configuration" in line]
    assert said == ["si.extxyz: configuration 21 (hot/21): residual function returns NaN"]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ranks" / "own.h5").exists()


def test_an_error_on_one_rank_is_caught_on_all(tmp_path):
    done = finished(tmp_path / "ranks", 3, "caught")
    assert done.returncode == 0 and not done.stderr, done.stderr
    texts = [(tmp_path / "ranks" / f"caught.{k}").read_text() for k in range(3)]
    assert len(set(texts)) == 1 and "configuration 21" in texts[0]


def test_an_exception_on_one_rank_ends_all(tmp_path):
    done = finished(tmp_path / "ranks", 3, "interrupt")
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1 and "\nKeyboardInterrupt\n" in done.stderr
