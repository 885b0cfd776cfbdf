"""Forces of one structure: atomicrex's to all digits at the known parameters, which the fit finds again."""

import shutil
from pathlib import Path

import numpy as np
import pytest

JOBS = Path(__file__).resolve().parents[2] / "jobs" / "aluminium-forces"

#: Where the fit starts, and what the forces were made with.
START = {"A": 400, "lambda": 2.6, "twomu": 1.2, "D": 9}
KNOWN = {"A": 500, "lambda": 2.73, "twomu": 1.14, "D": 8}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(JOBS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_known_parameters(folder, hpcfit, properties_of):
    potential = (folder / "potential.xml").read_text(encoding="utf-8")
    for name, start in START.items():
        old = f'<param name="{name}">{start}</param>'
        assert old in potential
        potential = potential.replace(old, f'<param name="{name}">{KNOWN[name]}</param>')
    (folder / "potential.xml").write_text(potential, encoding="utf-8")
    job = (folder / "job.xml").read_text(encoding="utf-8")
    (folder / "job.xml").write_text(job.replace("<fitting>", '<fitting enabled="false">'), encoding="utf-8")
    hpcfit(folder, "run", "job.xml")
    found = properties_of(folder / "job.run.h5")
    energy = found["distorted", "total-energy"].value[0]
    # by a sum over the pairs in extended precision
    assert energy == pytest.approx(-406.20486732322995596, abs=1e-11)
    # printed; positions have eight decimals, which is worth sqrt(sum of F^2) * 1e-8/sqrt(12) = 1.6e-8 eV
    assert energy == pytest.approx(-406.2048673321, abs=1.6e-8)
    forces = found["distorted", "atomic-forces"]
    assert forces.value.size == 324
    assert (forces.target**2).sum() == pytest.approx(28.877546, abs=5e-7)
    # six decimals, and 10 eV/A^2 times the 5e-9 A by which positions are rounded
    np.testing.assert_allclose(forces.value, forces.target, rtol=0, atol=5.5e-7)


def test_fit_finds_them_again(folder, hpcfit, outcome_of):
    hpcfit(folder, "run", "job.xml")
    found = outcome_of(folder / "job.run.h5")
    # forces with six decimals: (1e-6)^2/12 for each of 324 components, of weight 1/2 and tolerance 0.01
    assert found["cost"][-1] == pytest.approx(0.5 * 324 * 1e-12 / 12 / 0.01**2, rel=0.05)
    assert found["n_linearisations"][-1] <= 6
    # three standard errors
    for name, error in {"V.A": 1.2e-3, "V.lambda": 1.5e-6, "rho.twomu": 1.2e-6, "F.D": 1.7e-5}.items():
        assert found[f"EAM.{name}"] == pytest.approx(KNOWN[name.split(".")[1]], abs=error)
