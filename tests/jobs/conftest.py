"""Runs the command line: in this process, or as a user does, under mpirun where several ranks are asked for."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcfit.cli import main as command_line
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.outcomes import PropertyOutcome
from hpcfit.runfile.store import load

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
    """Run hpcfit in a folder, on some ranks; the exit code must be 0. Returns what it printed.

    Zero ranks are this process without MPI, which saves the start; `seconds` limits other processes.
    """

    def run(folder: Path, *arguments: str, ranks: int = 0, seconds: float = 180) -> str:
        if ranks == 0:
            code, printed, errors = _in_this_process(folder, arguments)
        else:
            command = [shutil.which("hpcfit", path=environment["PATH"]), *arguments]
            if ranks > 1:
                launcher = shutil.which("mpirun", path=environment["PATH"])
                if launcher is None:
                    pytest.skip("mpirun is not there")
                command = [launcher, "-n", str(ranks), *command]
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
            code, printed, errors = done.returncode, done.stdout, done.stderr
        assert code == 0, printed + errors
        return printed

    return run


def _in_this_process(folder: Path, arguments: Sequence[str]) -> tuple[int, str, str]:
    output, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        patch.chdir(folder)
        patch.setattr(command_line, "world", Serial)
        code = command_line.main(arguments)
    return code, output.getvalue(), errors.getvalue()


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
