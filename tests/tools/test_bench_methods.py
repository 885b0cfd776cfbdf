"""SciPy's methods end in the same bits from Python and from a job."""

import subprocess
import sys
from pathlib import Path

import pytest

from hpcfit.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "bench_methods.py"
SOURCE = ROOT.parent / "shared" / "data" / "si_kliff_raw.tar.gz"


def test_a_line_per_method(tmp_path):
    if not SOURCE.exists():
        pytest.skip("the reference data are not there: ../shared/data/si_kliff_raw.tar.gz")
    dataset = tmp_path / "si.h5"
    assert main(["data", "import", str(SOURCE), "-o", str(dataset)]) == 0
    command = [sys.executable, str(TOOL), str(dataset), "--methods", "lm", "trf"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [(line[0], line[1], line[5]) for line in lines] == [
        ("lm", "0.694078", "same"),
        ("trf", "0.694078", "same"),
    ]
