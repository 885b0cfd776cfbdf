"""The demo: its command line on two ranks, its outcome, and its data against LAMMPS and the script that made them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest

from tests.physics.lammps_worker import UNAVAILABLE
from tools.readme_figures import README, in_readme, quoted

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "jobs" / "demo"

#: Tersoff's silicon in the order of LAMMPS: m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A.
TERSOFF = "Si Si Si 3 1 0 1.0039e5 16.217 -0.59825 0.78734 1.1e-6 1.7322 471.18 2.85 0.15 2.4799 1830.8\n"


@pytest.fixture(scope="module")
def frames():
    return ase.io.read(DEMO / "silicon.extxyz.gz", ":")


def test_demo_on_two_ranks(tmp_path, hpcfit, outcome_of):
    for name in ("job.xml", "silicon.extxyz.gz"):
        shutil.copy(DEMO / name, tmp_path)
    units = ("--stress-unit", "eV/A^3", "--stress-sign", "tension")
    hpcfit(tmp_path, "data", "import", "silicon.extxyz.gz", "-o", "silicon.h5", *units, ranks=1)
    printed = hpcfit(tmp_path, "run", "job.xml", ranks=2)
    assert "ranks       2 on" in printed
    assert "outcome          converged" in printed
    assert in_readme(README.read_text(encoding="utf-8")) == quoted(printed)
    found = outcome_of(tmp_path / "job.run.h5")
    assert found["cost"][0] == pytest.approx(1413.099, abs=1e-3)
    assert found["cost"][-1] < 27.87545
    for name, value in {
        "A": 14.3152,
        "B": 0.79575,
        "sigma": 1.93697,
        "gamma": 1.63984,
        "lambda": 9.9772,
    }.items():
        assert found[f"SW.{name}"] == pytest.approx(value, rel=1e-4)


def test_groups_of_the_job_cover_the_data(frames):
    groups = [frame.info["config_type"] for frame in frames]
    job = (DEMO / "job.xml").read_text(encoding="utf-8")
    assert {name: groups.count(name) for name in groups} == {"strained": 21, "displaced": 24, "vacancy": 16}
    assert all(f'select="group={name}"' in job for name in set(groups))


def test_script_makes_the_shipped_data(frames):
    make_demo_data = pytest.importorskip(
        "make_demo_data", reason="needs ASE >= 3.25 for its Tersoff calculator"
    )
    made = list(make_demo_data.configurations())
    assert len(made) == len(frames)
    for k in (0, 7, 20, 21, 44, 45, 60):
        frame = make_demo_data.labelled(*made[k])
        assert frame.info["config_type"] == frames[k].info["config_type"]
        assert frame.get_potential_energy() == frames[k].get_potential_energy()
        for quantity in ("positions", "cell"):
            np.testing.assert_array_equal(getattr(frame, quantity), getattr(frames[k], quantity))
        np.testing.assert_array_equal(frame.get_forces(), frames[k].get_forces())
        np.testing.assert_array_equal(frame.get_stress(), frames[k].get_stress())


def test_shipped_data_are_those_of_lammps(frames, tmp_path):
    cases = [
        {
            "cell": frame.cell.tolist(),
            "positions": frame.positions.tolist(),
            "types": [1] * len(frame),
            "n_types": 1,
            "commands": ["pair_style tersoff", "pair_coeff * * si.tersoff Si"],
            "file": "si.tersoff",
            "text": TERSOFF,
        }
        for frame in frames
    ]
    worker = ROOT / "tests" / "physics" / "lammps_worker.py"
    done = subprocess.run(
        [sys.executable, str(worker), str(tmp_path)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode == UNAVAILABLE:
        pytest.skip(f"LAMMPS cannot be loaded: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    for frame, result in zip(frames, json.loads(done.stdout), strict=True):
        # half of the last digit shipped, and a little for the rounding on the way there
        assert result["energy"] == pytest.approx(frame.get_potential_energy(), abs=0.6e-6)
        np.testing.assert_allclose(result["forces"], frame.get_forces(), rtol=0, atol=0.6e-6)
        stress = -np.array(result["virial"]) / frame.get_volume()
        np.testing.assert_allclose(stress, frame.get_stress(), rtol=0, atol=0.6e-8)
