"""A dataset and relaxed lattices in one objective: its minimum, and the same bits on two ranks."""

import shutil
from pathlib import Path

import numpy as np
import pytest

JOBS = Path(__file__).resolve().parents[2] / "jobs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, hpcfit):
    folder = tmp_path_factory.mktemp("silicon-mixed")
    shutil.copy(JOBS / "silicon-mixed" / "job.xml", folder)
    source = str(JOBS / "demo" / "silicon.extxyz.gz")
    hpcfit(
        folder,
        "data",
        "import",
        source,
        "-o",
        "silicon.h5",
        "--stress-unit",
        "eV/A^3",
        "--stress-sign",
        "tension",
    )
    hpcfit(folder, "run", "job.xml")
    return folder


def test_fit(folder, outcome_of, properties_of):
    found = outcome_of(folder / "job.run.h5")
    assert found["cost"][-1] == pytest.approx(17.3993953, abs=1e-6)
    for name, value in {
        "A": 14.8993,
        "B": 0.71586,
        "sigma": 1.9908,
        "gamma": 1.94848,
        "lambda": 16.887,
    }.items():
        assert found[f"SW.{name}"] == pytest.approx(value, rel=1e-4)
    properties = properties_of(folder / "job.run.h5")
    # of the potential as it was published, in the literature
    for name, published, fitted in (("C11", 151.4, 142.99), ("C12", 76.4, 81.32), ("C44", 56.4, 48.60)):
        prop = properties["diamond", name]
        assert prop.start[0] == pytest.approx(published, abs=0.06)
        assert prop.value[0] == pytest.approx(fitted, abs=0.01)
    assert properties["diamond", "lattice-parameter"].value[0] == pytest.approx(5.43142, abs=1e-5)


@pytest.mark.long
def test_same_bits_on_two_ranks(folder, hpcfit, outcome_of):
    hpcfit(folder, "run", "job.xml", "-o", "two.h5", ranks=2)
    one, two = outcome_of(folder / "job.run.h5"), outcome_of(folder / "two.h5")
    assert len(one["cost"]) > 5
    np.testing.assert_array_equal(one["x"], two["x"])
    np.testing.assert_array_equal(one["cost"], two["cost"])
