"""Starts hpcfit on real ranks, and sees to it that none is left behind."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

_BESIDE = Path(sys.executable).with_name("mpirun")
MPIRUN = str(_BESIDE) if _BESIDE.exists() else shutil.which("mpirun")
PROGRAMS = Path(__file__).parents[1] / "parallel"
DRIVER = str(PROGRAMS / "drive_hpcfit.py")

#: Seconds; a start takes two on an idle machine, and tests run beside each other.
TIME_LIMIT = 120

needs_mpi = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]


def launch(command: Sequence[str], folder: Path | None = None, **variables: str):
    """Run a command with some environment variables until it ends; its output is kept."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )


def on_ranks(n_ranks: int, program: str, *arguments: str) -> list[str]:
    """Return the command that runs a Python program on some ranks."""
    return [str(MPIRUN), "-n", str(n_ranks), sys.executable, program, *arguments]


def finished(n_ranks, *arguments, obstacle="nothing"):
    """Run hpcfit with something put in its way."""
    return launch(on_ranks(n_ranks, DRIVER, obstacle, *arguments))


def started(n_ranks, *arguments):
    """Start a slow fit and wait for its first state on disk."""
    process = subprocess.Popen(on_ranks(n_ranks, DRIVER, "slow", *arguments), stdout=subprocess.DEVNULL)
    limit = time.monotonic() + TIME_LIMIT
    while not Path("job.run.h5").exists():
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    return process


def ranks():
    """Return the processes that the driver has named in this folder."""
    return [int(path.suffix[1:]) for path in Path().glob("pid.*")]


def ended(pid):
    """Return whether a process is gone, or waits only for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for_ranks():
    """Wait until no rank of this folder is left."""
    limit = time.monotonic() + TIME_LIMIT
    while not all(ended(pid) for pid in ranks()):
        assert time.monotonic() < limit
        time.sleep(0.02)


def kill(process):
    """Kill the launcher and all ranks."""
    for pid in [*ranks(), process.pid]:
        # mpirun ends ranks of its own accord when the first is gone
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(TIME_LIMIT)


@contextlib.contextmanager
def nothing_left():
    """Wait for the ranks of this folder, and remove the shared memory of those that were killed."""
    before = _shared_memory()
    yield
    wait_for_ranks()
    for path in _shared_memory() - before:
        with contextlib.suppress(FileNotFoundError):
            # A job of another test maps what it has made within milliseconds.
            if time.time() - path.stat().st_mtime > 1.0 and not _mapped(path):
                path.unlink()


def _shared_memory():
    """Return what MPICH leaves behind when ranks are killed, megabytes each."""
    return set(Path("/dev/shm").glob("mpich_shm_*"))


def _mapped(path):
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            if str(path) in maps.read_text():
                return True
    return False
