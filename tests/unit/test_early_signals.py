"""Signals before a command can act on them."""

import os
import signal
import subprocess
import sys

import pytest

from hpcfit import early_signals
from hpcfit.parallel.signals import stop_at_once, stop_requests

#: Starts as the console script does up to the handlers, then receives signals.
_PROGRAM = """
import sys
before = set(sys.modules)
from hpcfit import early_signals
early_signals.install()
print(*sorted(set(sys.modules) - before), flush=True)
import os
for number in {numbers}:
    os.kill(os.getpid(), number)
print("kept", *early_signals.received)
"""


def _started(numbers, *words, **variables):
    command = [sys.executable, "-S", "-c", _PROGRAM.format(numbers=[int(n) for n in numbers]), *words]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_handlers_wait_for_no_import():
    done = _started([signal.SIGTERM], "run", "job.xml")
    imported = set(done.stdout.split("\n")[0].split())
    assert {name for name in imported if name.startswith("hpcfit")} == {
        *("hpcfit", "hpcfit.early_signals", "hpcfit.version")
    }
    assert not imported & {"typing", "contextlib", "argparse", "numpy", "h5py", "lxml"}
    assert done.stdout.splitlines()[-1] == f"kept {int(signal.SIGTERM)}" and done.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGUSR2])
def test_a_fit_keeps_them(number):
    done = _started([number], "resume", "run.h5")
    assert done.returncode == 0 and done.stdout.endswith(f"kept {int(number)}\n")
    assert ("Ctrl-C again stops at once" in done.stderr) == (number == signal.SIGINT)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([signal.SIGINT, signal.SIGINT], ["run", "a job.xml"]),
        ([signal.SIGINT], ["data", "import", "x.xyz", "-o", "x.h5"]),
        ([signal.SIGTERM], ["report", "run.h5"]),
    ],
)
def test_others_and_a_second_ctrl_c_stop_at_once(numbers, words):
    done = _started(numbers, *words)
    assert done.returncode == 3
    command = " ".join(words).replace("a job.xml", "'a job.xml'")
    line = f"stopped by {signal.Signals(numbers[-1]).name}, go on with: hpcfit {command}"
    assert done.stderr.splitlines()[-1] == line


@pytest.fixture
def without_nohup():
    """The handler of HUP as a terminal gives it, also where `nohup` runs the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("without_nohup")
def test_a_launcher_handles_two_signals_itself(monkeypatch):
    assert {signal.SIGHUP, signal.SIGUSR2} <= set(early_signals.numbers())
    monkeypatch.setenv("PMI_RANK", "1")
    assert not {signal.SIGHUP, signal.SIGUSR2} & set(early_signals.numbers())
    assert not early_signals.speaks()


def test_nohup_stays_in_force():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in early_signals.numbers()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_kept_signal_stops_the_fit_that_begins(monkeypatch):
    monkeypatch.setattr(early_signals, "received", [signal.SIGTERM])
    with stop_requests() as stopped:
        assert stopped()
    assert early_signals.received == []
    with stop_requests() as stopped:
        assert not stopped()


def test_the_second_ctrl_c_of_a_fit(capfd):
    with pytest.raises(KeyboardInterrupt), stop_requests() as stopped:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        assert capfd.readouterr().err.endswith("with a checkpoint; Ctrl-C again stops at once\n")
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
@pytest.mark.usefixtures("without_nohup")
def test_a_command_without_checkpoints_is_unwound(number):
    before = signal.getsignal(number)
    with (
        pytest.raises(KeyboardInterrupt, match=f"stopped by {number.name}, go on with: hpcfit "),
        stop_at_once(),
    ):
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_ready(tmp_path, monkeypatch):
    monkeypatch.setenv("HPCFIT_READY", str(tmp_path / "ready"))
    early_signals.mark_ready()
    assert (tmp_path / "ready").exists()
    early_signals.mark_ready()
