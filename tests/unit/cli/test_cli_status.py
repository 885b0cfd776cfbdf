"""What `hpcfit status` says of runs that go on, were stopped, died or finished."""

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.cli import main as command_line
from hpcfit.cli.status import result_so_far
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.lock import STALE, Owner
from hpcfit.runfile.store import RunStore, load
from tests.helpers import small_jobs


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A run that was killed after two iterations, and the finished one."""
    folder = tmp_path_factory.mktemp("status")
    small_jobs.write_job(folder)

    class Killed(BaseException):
        pass

    plain, calls = RunStore.save, []

    def save(self, *arguments):
        plain(self, *arguments)
        calls.append(1)
        if len(calls) == 3:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "world", Serial)
        patch.chdir(folder)
        assert command_line.main(["run", "job.xml", "-o", "whole.h5"]) == 0
        patch.setattr(RunStore, "save", save)
        with pytest.raises(Killed):
            command_line.main(["run", "job.xml"])
    return folder


@pytest.fixture
def status(stored, monkeypatch, capsys):
    monkeypatch.chdir(stored)
    # a serial command needs no MPI
    monkeypatch.setattr(command_line, "world", None)

    def lines(*words):
        capsys.readouterr()
        assert command_line.main(["status", *words]) == 0
        return capsys.readouterr().out.splitlines()

    yield lines
    Path("job.run.h5.lock").unlink(missing_ok=True)


def lock(silent=0.0, **changes):
    path = Path("job.run.h5.lock")
    path.write_text(json.dumps(asdict(replace(Owner.of_this_process(), **changes))), encoding="utf-8")
    os.utime(path, (time.time() - silent,) * 2)


RESUME = "go on with: hpcfit resume job.run.h5"


def test_a_run_that_goes_on(status):
    lock(silent=30.0)
    first, pace, *_ = status("job.run.h5", "--quick")
    assert first.startswith(f"running: process {os.getpid()} on ")
    assert first.endswith(", last sign 30 s ago")
    assert pace.startswith("iteration 2 of at most ")
    assert "ends by " in pace


def test_a_dead_run(status):
    assert status("job.xml", "--quick")[::2][:2] == ["dead: no process holds its lock", RESUME]
    lock(start=1)
    first, pace, go_on, *_ = status("job.run.h5", "--quick")
    assert first.startswith("dead: process ")
    assert first.endswith(" is gone")
    assert "ends by" not in pace
    assert go_on == RESUME


@pytest.mark.parametrize(
    ("silent", "kind", "go_on"), [(STALE - 60.0, "running", False), (STALE + 1.0, "silent", True)]
)
def test_a_run_on_another_host(status, silent, kind, go_on):
    lock(silent, host="elsewhere")
    lines = status("job.run.h5", "--quick")
    assert lines[0].startswith(f"{kind}: process ")
    assert (f"{RESUME} --break-lock" in lines) == go_on


def test_a_lock_that_cannot_be_read(status):
    Path("job.run.h5.lock").write_text("?", encoding="utf-8")
    assert status("job.run.h5", "--quick")[0] == "silent: its lock cannot be read"


def test_a_finished_run(status):
    first, *rest = status("whole.h5")
    assert first.startswith("finished: converged")
    assert not any(line.startswith("go on") for line in rest)


def test_errors_so_far(status):
    lines = status("job.run.h5")
    assert any(line.startswith("outcome") and line.endswith("unfinished") for line in lines)
    assert "errors" in lines
    assert any("training" in line for line in lines)


def test_errors_so_far_at_the_end_are_those_of_the_end(stored):
    """The last point of a finished run, evaluated again, gives the stored result."""
    run = load(str(stored / "whole.h5"))
    again = result_so_far(replace(run, result=None))
    np.testing.assert_array_equal(again.covariance, run.result.covariance)
    np.testing.assert_array_equal(again.predictions[0].force, run.result.predictions[0].force)


def test_a_changed_job_is_said_and_the_rest_is_shown(status):
    plain = Path("job.xml").read_text(encoding="utf-8")
    try:
        Path("job.xml").write_text(plain.replace("<job>", "<job> "), encoding="utf-8")
        lines = status("job.run.h5")
    finally:
        Path("job.xml").write_text(plain, encoding="utf-8")
    assert "no standard errors so far:" in lines
    assert "parameters" in lines
    assert "errors" not in lines
