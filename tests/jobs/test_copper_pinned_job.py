"""Constraints that pin lattice parameter, energy and bulk modulus: at the minimum, and wherever the fit may go."""

import shutil
from pathlib import Path

import pytest

import hpcfit
from hpcfit.parallel.communicator import Serial

JOB = Path(__file__).resolve().parents[2] / "jobs" / "copper-pinned" / "job.xml"

#: Ten digits: relaxations end at gradients of 1e-8, which is less.
PINNED = {"lattice-parameter": 3.615, "atomic-energy": -3.54, "bulk-modulus": 142.0}


def test_fit(tmp_path, hpcfit, outcome_of, properties_of):
    shutil.copy(JOB, tmp_path)
    hpcfit(tmp_path, "run", "job.xml")
    found = outcome_of(tmp_path / "job.run.h5")
    assert found["cost"][-1] == pytest.approx(0.0325721599, abs=1e-9)
    assert found["n_linearisations"][-1] <= 4
    properties = properties_of(tmp_path / "job.run.h5")
    for name, value in PINNED.items():
        assert properties["fcc", name].value[0] == pytest.approx(value, rel=1e-10)
    for name, value in {"C11": 176.40, "C12": 124.80, "C44": 81.77}.items():
        assert properties["fcc", name].value[0] == pytest.approx(value, abs=5e-3)
    assert properties["bcc", "atomic-energy"].value[0] == pytest.approx(-3.4930, abs=5e-5)


@pytest.mark.parametrize("parameters", [(0.01, 0.005), (0.05, 0.001), (-0.02, 0.008)])
def test_pinned_everywhere(parameters):
    job = hpcfit.Job(Serial())
    job.parse_input_file(str(JOB))
    job.set_potential_parameters(parameters)
    crystal = job.structures["fcc"]
    crystal.compute_properties()
    for name, value in PINNED.items():
        assert crystal.properties[name] == pytest.approx(value, rel=1e-10)
    assert abs(crystal.properties["C44"] - 81.77) > 0.1
