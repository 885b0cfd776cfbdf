"""Files of version 0.1.0 open, repeat and resume, with the same bits on the same processor with the same libraries."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy
from numpy._core._multiarray_umath import __cpu_features__

from hpcfit.runfile.run import standard_errors
from hpcfit.runfile.store import load
from hpcfit.sealed.files import is_sealed

OLD = Path(__file__).resolve().parents[1] / "data" / "old"
FOLDERS = ("bfgs", "dataset", "lattices")

SAME_MACHINE = json.loads((OLD / "made_on.json").read_text()) == {
    "AVX2": bool(__cpu_features__["AVX2"]),
    "AVX512F": bool(__cpu_features__["AVX512F"]),
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE", ""),
}

#: Elsewhere roundings differ: a fit that ends by the gradient's angle then ends within this part of a standard error.
CLOSE = 1e-4


@pytest.fixture
def folder(request, tmp_path, monkeypatch):
    shutil.copytree(OLD / request.param, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return request.param


def assert_same(run, old):
    assert [p.path for p in run.header.parameters] == [p.path for p in old.header.parameters]
    assert run.state.outcome == old.state.outcome
    if not SAME_MACHINE:
        errors = standard_errors(old.header.parameters, old.result.covariance)
        free = np.isfinite(errors)
        assert (np.abs(run.values - old.values)[free] <= CLOSE * errors[free]).all()
        return
    assert run.state.iteration == old.state.iteration
    assert run.state.cost == old.state.cost
    assert run.values.tobytes() == old.values.tobytes()
    assert run.result.covariance.tobytes() == old.result.covariance.tobytes()
    assert len(run.result.predictions) == len(old.result.predictions)
    for one, other in zip(run.result.predictions, old.result.predictions, strict=True):
        assert one.energy.tobytes() == other.energy.tobytes()
        assert one.force.tobytes() == other.force.tobytes()
    for one, other in zip(run.result.structures, old.result.structures, strict=True):
        assert one.id == other.id
        assert one.position.tobytes() == other.position.tobytes()
        values = [{p.name: p.value.tobytes() for p in outcome.properties} for outcome in (one, other)]
        assert values[0] == values[1]


@pytest.mark.parametrize("folder", FOLDERS, indirect=True)
def test_an_old_job_gives_the_same_bits(folder, hpcfit):
    hpcfit(Path(), "run", "job.xml", "-o", "again.h5")
    assert_same(load("again.h5"), load("finished.h5"))


@pytest.mark.parametrize("folder", ["dataset", "lattices"], indirect=True)
def test_an_old_checkpoint_resumes_with_the_same_bits(folder, hpcfit):
    assert load("stopped.h5").state.iteration == 3
    assert not is_sealed("stopped.h5")
    hpcfit(Path(), "resume", "stopped.h5")
    assert is_sealed("stopped.h5")
    assert_same(load("stopped.h5"), load("finished.h5"))


@pytest.mark.parametrize("folder", ["bfgs"], indirect=True)
def test_an_old_checkpoint_of_another_minimiser_goes_on(folder, hpcfit):
    """It starts anew from the last parameters, so that the bits differ."""
    hpcfit(Path(), "resume", "stopped.h5")
    run, old = load("stopped.h5"), load("finished.h5")
    assert run.state.outcome.startswith("converged")
    # BFGS ends when the objective changes by less than 1e-6 or so of itself
    assert run.state.cost == pytest.approx(old.state.cost, rel=1e-5)


@pytest.mark.parametrize("folder", FOLDERS, indirect=True)
def test_an_old_run_is_reported_and_exported(folder, hpcfit):
    hpcfit(Path(), "report", "finished.h5")
    if folder == "dataset":
        hpcfit(Path(), "data", "validate", "silicon.h5")
        hpcfit(Path(), "export", "finished.h5", "--format", "lammps-sw", "-o", "Si.sw")
        assert Path("Si.sw").stat().st_size > 0
