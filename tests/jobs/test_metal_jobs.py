"""Tungsten on a hold-out set and nickel: pair potentials and embedded atoms against published errors."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpcfit.report.metrics import ENERGY, FORCE, ErrorRow, error_rows
from hpcfit.runfile.store import load

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"


def rows_of(path: Path) -> dict[tuple[str, str], ErrorRow]:
    result = load(str(path)).result
    assert result is not None and result.outcome.startswith("converged")
    return {(row.group, row.quantity): row for row in error_rows(result.predictions)}


@pytest.fixture(scope="module")
def tungsten(tmp_path_factory, hpcfit) -> Path:
    source = DATA / "W14_GAP_Szlachta2014_9691.extxyz.gz"
    if not source.exists():
        pytest.skip(f"the reference data are not there: ../shared/data/{source.name}")
    folder = tmp_path_factory.mktemp("tungsten-w14")
    split = ["--key", "w14_index", "--values", str(DATA / "w14_uf3_training_indices.txt")]
    files = ["--listed", str(folder / "training.extxyz"), "--rest", str(folder / "holdout.extxyz")]
    command = [sys.executable, str(ROOT / "tools" / "split_extxyz.py"), str(source), *split, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1938 frames listed, 7753 others" in done.stdout
    for name in ("training", "holdout"):
        stated = ("--stress-unit", "eV/A^3", "--stress-sign", "tension")
        hpcfit(folder, "data", "import", f"{name}.extxyz", "-o", f"{name}.h5", *stated)
    return folder


@pytest.mark.parametrize(
    ("name", "energy", "force"),
    [
        ("morse", 40.0, 0.480),
        pytest.param("pair-spline", 26.6, 0.387, marks=pytest.mark.long),
        pytest.param("eam-splines", 15.0, 0.27, marks=pytest.mark.long),
    ],
)
def test_tungsten(name, energy, force, tungsten, hpcfit):
    shutil.copy(ROOT / "jobs" / "tungsten-w14" / f"{name}.xml", tungsten)
    hpcfit(tungsten, "run", f"{name}.xml", "-o", f"{name}.h5")
    rows = rows_of(tungsten / f"{name}.h5")
    assert 1e3 * rows["holdout/all", ENERGY].rmse <= energy
    assert rows["holdout/all", FORCE].rmse <= force


@pytest.mark.long
def test_nickel(tmp_path, hpcfit):
    source = DATA / "snap_Ni_461.extxyz.gz"
    if not source.exists():
        pytest.skip(f"the reference data are not there: ../shared/data/{source.name}")
    hpcfit(tmp_path, "data", "import", str(source), "-o", "nickel.h5")
    shutil.copy(ROOT / "jobs" / "nickel-snap" / "eam-splines.xml", tmp_path)
    hpcfit(tmp_path, "run", "eam-splines.xml", ranks=2, seconds=600)
    rows = rows_of(tmp_path / "eam-splines.run.h5")
    assert 1e3 * rows["all", ENERGY].mae <= 3.9
    assert rows["all", FORCE].mae <= 0.05
