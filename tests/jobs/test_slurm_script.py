"""The batch script with a launcher and a scontrol that only take notes."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "jobs" / "slurm" / "run.sh"

#: Notes its arguments and the signals that reach it; after one it ends as hpcfit does.
LAUNCHER = """#!/bin/bash
trap 'echo USR1 >> notes; touch job.run.h5; exit 3' USR1
trap 'echo TERM >> notes; touch job.run.h5; exit 3' TERM
echo "mpirun $*" >> notes
[ -e starting ] || touch "$HPCFIT_READY"
[ -e finish ] && exit $(cat finish)
for k in {1..300}; do sleep 0.1; done
"""
SCONTROL = """#!/bin/bash
echo "scontrol $*" >> notes
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    for name, text in (("mpirun", LAUNCHER), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    slurm = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_NTASKS": "6", "SLURM_JOB_ID": "17"}

    def start(*arguments: str, **more: str) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if k != "LAUNCH"} | slurm | more
        return subprocess.Popen(["bash", str(SCRIPT), *arguments], cwd=tmp_path, env=environment)

    return start


def _notes(folder: Path) -> list[str]:
    path = folder / "notes"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _send_when_started(process: subprocess.Popen[bytes], number: int, folder: Path) -> None:
    limit = time.monotonic() + 20
    while not _notes(folder):
        assert time.monotonic() < limit
        time.sleep(0.02)
    process.send_signal(number)


def _end_by(process: subprocess.Popen[bytes], number: int, folder: Path) -> int:
    _send_when_started(process, number, folder)
    return process.wait(20)


def test_limit_requeues_and_the_next_start_resumes(start, tmp_path):
    assert _end_by(start(), signal.SIGUSR1, tmp_path) == 3
    assert _notes(tmp_path) == ["mpirun -n 6 hpcfit run job.xml -o job.run.h5", "USR1", "scontrol requeue 17"]
    (tmp_path / "finish").write_text("0", encoding="utf-8")
    assert start(SLURM_RESTART_COUNT="1").wait(20) == 0
    assert _notes(tmp_path)[3:] == ["mpirun -n 6 hpcfit resume --job job.xml job.run.h5"]


def test_limit_after_many_restarts_ends(start, tmp_path):
    assert _end_by(start(SLURM_RESTART_COUNT="20"), signal.SIGUSR1, tmp_path) == 3
    assert "scontrol requeue 17" not in _notes(tmp_path)


def test_cancelling_is_passed_on_and_ends(start, tmp_path):
    assert _end_by(start(), signal.SIGTERM, tmp_path) == 3
    assert _notes(tmp_path)[1:] == ["TERM"]


def test_a_signal_before_the_ranks_are_ready_is_kept(start, tmp_path):
    (tmp_path / "starting").touch()
    process = start()
    _send_when_started(process, signal.SIGUSR1, tmp_path)
    time.sleep(1)
    assert len(_notes(tmp_path)) == 1 and process.poll() is None
    ready = tmp_path / ".hpcfit-ready-17-0"
    ready.touch()
    assert process.wait(20) == 3
    assert _notes(tmp_path)[1:] == ["USR1", "scontrol requeue 17"]
    assert not ready.exists()


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_exit_code_without_a_signal_is_the_programs(start, tmp_path, code):
    (tmp_path / "finish").write_text(str(code), encoding="utf-8")
    assert start("my job.xml", "my.h5", LAUNCH="mpirun --own").wait(20) == code
    assert _notes(tmp_path) == ["mpirun --own hpcfit run my job.xml -o my.h5"]


def test_every_option_stands_before_the_first_command():
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    first = next(k for k, line in enumerate(lines) if line and not line.startswith("#"))
    options = [k for k, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert options
    assert max(options) < first
