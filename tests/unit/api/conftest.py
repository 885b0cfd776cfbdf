"""A small dataset of silicon, and KLIFF's potential for it."""

import pytest

import hpcfit
from tests.helpers import small_jobs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with ``si.h5`` in it."""
    monkeypatch.chdir(tmp_path)
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(12))
    return tmp_path


@pytest.fixture
def potential():
    made = hpcfit.Potential("stillinger-weber", species=["Si"])
    made.fit(A=(5.0, 1.0, 20.0), B="default", sigma=(2.0951, "fix"), gamma=1.5)
    return made


@pytest.fixture
def data(folder):
    return hpcfit.Dataset.from_path("si.h5", weight=hpcfit.Weight(energy_weight=1.0, forces_weight=0.1))


@pytest.fixture
def calculator(potential, data):
    return hpcfit.Calculator(potential, data)
