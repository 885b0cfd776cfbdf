"""Scripts on real ranks: the same bits as alone, on every rank, and errors that end all of them."""

import sys

import pytest

from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.reader import Dataset
from tests.helpers import small_jobs
from tests.helpers.mpi import PROGRAMS, launch, needs_mpi, on_ranks
from tests.helpers.small_jobs import bits

pytestmark = needs_mpi


def finished(folder, n_ranks, does="well"):
    folder.mkdir()
    small_jobs.write_dataset(folder / "si.h5", small_jobs.silicon(24))
    with Dataset(folder / "si.h5") as dataset:
        export_dataset(dataset, folder / "si.extxyz")
    script = str(PROGRAMS / "script.py")
    return launch(on_ranks(n_ranks, script, does) if n_ranks > 1 else [sys.executable, script, does], folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts") / "alone"
    done = finished(folder, 1)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("n_ranks", [pytest.param(2, marks=pytest.mark.long), 3])
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
    done = finished(tmp_path / "ranks", 2, "caught")
    assert done.returncode == 0 and not done.stderr, done.stderr
    texts = [(tmp_path / "ranks" / f"caught.{k}").read_text() for k in range(2)]
    assert len(set(texts)) == 1 and "configuration 21" in texts[0]


def test_an_exception_on_one_rank_ends_all(tmp_path):
    done = finished(tmp_path / "ranks", 3, "interrupt")
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1 and "\nKeyboardInterrupt\n" in done.stderr
