"""Runs the program as a user does: the console script, under mpirun where ranks are asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcfit.output.outcomes import PropertyOutcome
from hpcfit.output.store import load

SCRIPTS = Path(sys.executable).parent

#: Lets Open MPI run more ranks than cores, as root too; other MPIs ignore it.
_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
}

Program = Callable[..., str]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    return os.environ | _ENVIRONMENT


@pytest.fixture(scope="session")
def hpcfit(environment: dict[str, str]) -> Program:
    """Run hpcfit in a folder, on some ranks; the exit code must be 0. Returns what it printed."""

    def run(folder: Path, *arguments: str, ranks: int = 1, seconds: float = 60) -> str:
        command = [shutil.which("hpcfit", path=environment["PATH"]), *arguments]
        if ranks > 1:
            launcher = shutil.which("mpirun", path=environment["PATH"])
            if launcher is None:
                pytest.skip("mpirun is not there")
            command = [launcher, "-n", str(ranks), *command]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def outcome_of() -> Callable[[Path], dict[str, np.ndarray]]:
    """Read a run file: final parameters by name, and the columns of the history."""

    def read(path: Path) -> dict[str, np.ndarray]:
        with h5py.File(path) as file:
            assert file.attrs["complete"]
            assert file["result"].attrs["outcome"].startswith("converged")
            table = file["parameters"]
            finals = dict(zip(table["path"].asstr()[:], table["final"][:], strict=True))
            return finals | {name: column[:] for name, column in file["history"].items()}

    return read


@pytest.fixture(scope="session")
def properties_of() -> Callable[[Path], dict[tuple[str, str], PropertyOutcome]]:
    """Read what a finished run says of its own structures, by structure and property."""

    def read(path: Path) -> dict[tuple[str, str], PropertyOutcome]:
        result = load(str(path)).result
        assert result is not None
        return {(own.id, prop.name): prop for own in result.structures for prop in own.properties}

    return read
