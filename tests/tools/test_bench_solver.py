"""The benchmark of the solver's own time runs, whatever the times are."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "bench_solver.py"


@pytest.mark.parametrize("assembly", ["tsqr", "normal"])
def test_a_line_per_number_of_columns(assembly):
    command = [sys.executable, str(TOOL), "--columns", "2", "3", "--rows", "200", "--blocks", "2"]
    done = subprocess.run(
        [*command, "--assembly", assembly], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        f"{assembly}, {n} columns, 200 rows, 2 blocks" for n in (2, 3)
    ]
