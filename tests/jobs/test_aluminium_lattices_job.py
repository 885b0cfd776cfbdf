"""Aluminium from lattices: objective and properties at known points, and the minimum by two minimisers."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hpcfit.runfile.store import load

JOBS = Path(__file__).resolve().parents[2] / "jobs" / "aluminium-lattices"

#: In the order of the job.
START = {"A": 500, "lambda": 2.73, "twomu": 1.14, "D": 8}

#: What atomicrex prints at its end point with six digits, and half a unit of the last.
PRINTED = {
    ("fcc", "lattice-parameter"): (3.72709, 5e-6),
    ("fcc", "atomic-energy"): (-3.66150, 5e-6),
    ("fcc", "total-volume"): (12.9435, 5e-5),
    ("bcc", "atomic-energy"): (-2.92726, 5e-6),
    ("hcp", "total-energy"): (-6.58809, 5e-6),
    ("diamond", "total-energy"): (-5.32148, 5e-6),
}

#: Its elastic constants, whose error is said in the job's README.
ELASTIC = {"bulk-modulus": 88.4150, "C11": 101.824, "C12": 81.7120, "C44": 45.7691}

#: At its end point as printed, by a sum over the lattices in extended precision.
EXACT = {
    ("fcc", "lattice-parameter"): 3.72709704689,
    ("fcc", "atomic-energy"): -3.66150637614,
    ("fcc", "bulk-modulus"): 88.4151954095,
    ("fcc", "C11"): 101.8231667557,
    ("fcc", "C12"): 81.7112097363,
    ("fcc", "C44"): 45.7688663465,
    ("bcc", "atomic-energy"): -2.92725174428,
    ("hcp", "total-energy"): -6.58810426525,
    ("diamond", "total-energy"): -5.32148304492,
}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(JOBS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_geodesic(folder, hpcfit, outcome_of):
    hpcfit(folder, "run", "job.xml")
    found = outcome_of(folder / "job.run.h5")
    assert found["cost"][0] == pytest.approx(1480.318049, abs=1e-6)
    assert found["n_linearisations"][np.argmax(found["cost"] <= 792.732)] <= 20
    assert found["cost"][-1] == pytest.approx(792.73148, abs=1e-5)
    # the valley is flat: a gradient of the size at which the fit ends moves the parameters by less than this
    for name, value in {"V.A": 275.82, "V.lambda": 2.63787, "rho.twomu": 0.44005, "F.D": 2.40274}.items():
        assert found[f"EAM.{name}"] == pytest.approx(value, rel=1e-4)


def test_bfgs(folder, hpcfit, outcome_of):
    hpcfit(folder, "run", "bfgs.xml")
    found = outcome_of(folder / "bfgs.run.h5")
    assert found["cost"][-1] < 792.74
    assert found["n_linearisations"][-1] <= 200


def at(folder, hpcfit, properties_of, parameters):
    """Compute the properties at given parameters, without a fit."""
    potential = (folder / "potential.xml").read_text(encoding="utf-8")
    for (name, start), value in zip(START.items(), parameters, strict=True):
        old = f'<param name="{name}">{start}</param>'
        assert old in potential
        potential = potential.replace(old, f'<param name="{name}">{value}</param>')
    (folder / "potential.xml").write_text(potential, encoding="utf-8")
    job = (folder / "job.xml").read_text(encoding="utf-8")
    (folder / "job.xml").write_text(job.replace("<fitting>", '<fitting enabled="false">'), encoding="utf-8")
    hpcfit(folder, "run", "job.xml")
    found = {name: prop.value[0] for name, prop in properties_of(folder / "job.run.h5").items()}
    return found, load(str(folder / "job.run.h5")).state.cost


def test_end_point_of_atomicrex(folder, hpcfit, properties_of):
    found, cost = at(folder, hpcfit, properties_of, (500, 2.79747, 1.21346, 7.99374))
    for name, value in EXACT.items():
        assert found[name] == pytest.approx(value, rel=1e-10)
    assert cost == pytest.approx(1054.79954273, abs=1e-7)
    assert f"{cost:.2f}" == "1054.80"
    for name, value in ELASTIC.items():
        assert found["fcc", name] == pytest.approx(value, abs=1e-3)


def test_digits_of_atomicrex_inside_the_box_of_its_rounding(folder, hpcfit, properties_of):
    found, _ = at(folder, hpcfit, properties_of, (500.0005, 2.797474, 1.213462, 7.993735))
    for name, (value, half_unit) in PRINTED.items():
        assert found[name] == pytest.approx(value, abs=half_unit)
    identity = (found["fcc", "C11"] + 2 * found["fcc", "C12"]) / 3
    assert identity == pytest.approx(found["fcc", "bulk-modulus"], rel=1e-9)


@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.long)])
def test_script_with_scipy(ranks, folder, environment):
    """The script of atomicrex's users, whose SciPy ends at 1002.29 there: the same output on any number of ranks."""
    launcher = [shutil.which("mpirun", path=environment["PATH"]), "-n", str(ranks)] if ranks > 1 else []
    if launcher[:1] == [None]:
        pytest.skip("mpirun is not there")
    command = [*launcher, sys.executable, *(["-m", "mpi4py"] if ranks > 1 else []), "with_scipy.py"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Potential parameters being optimized (#dof=4):\n  EAM.V.A: 275.8")
    *_, last = done.stdout.splitlines()
    words = last.split()
    assert float(words[1]) == pytest.approx(792.73148, abs=1e-5)
    assert int(words[3]) <= 200
