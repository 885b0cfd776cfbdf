"""Which run file a command takes, who may write it, and what happens to damaged and replaced files."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import pytest

from hpcfit.cli import main as command_line
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.lock import Owner
from hpcfit.runfile.store import RunStore, load
from tests.helpers import small_jobs
from tests.helpers.edited import flipped
from tests.helpers.small_jobs import bits, job_text, silicon, write_dataset


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(command_line, "world", Serial)
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path)
    return tmp_path


def main(*words):
    return command_line.main(list(words))


def stopped(monkeypatch, *words, after=2):
    """Run until some states are saved, and end without a result."""

    class Killed(BaseException):
        pass

    plain, calls = RunStore.save, []

    def save(self, *arguments):
        plain(self, *arguments)
        calls.append(1)
        if len(calls) == after:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(RunStore, "save", save)
        main(*words)


def leave_lock(path, **changes):
    owner = replace(Owner.of_this_process(), **changes)
    Path(f"{path}.lock").write_text(json.dumps(asdict(owner)), encoding="utf-8")


def files():
    return {name for name in os.listdir() if name.endswith((".h5", ".lock"))}


def test_run_file_is_named_after_the_job_and_no_lock_stays(folder):
    (folder / "job.xml").rename(folder / "small.v2.xml")
    assert main("run", "small.v2.xml") == 0
    assert files() == {"si.h5", "small.v2.run.h5", "small.v2.run.previous.h5"}


def test_resume_takes_the_job_in_place_of_the_run_file(folder, monkeypatch):
    main("run", "job.xml", "-o", "whole.h5")
    stopped(monkeypatch, "run", "job.xml")
    assert main("resume", "job.xml") == 0
    assert bits("job.run.h5") == bits("whole.h5")


def test_run_file_with_the_old_default_name_is_found(folder, monkeypatch):
    main("run", "job.xml", "-o", "whole.h5")
    stopped(monkeypatch, "run", "job.xml", "-o", "run.h5")
    assert main("resume", "job.xml") == 0
    assert bits("run.h5") == bits("whole.h5")
    assert "job.run.h5" not in files()


@pytest.mark.parametrize("finished", [True, False])
def test_run_of_another_job_is_refused(folder, monkeypatch, capsys, finished):
    other = job_text(fitting='<fitting><geodesic-lm max-iter="7"/></fitting>')
    (folder / "other.xml").write_text(other, encoding="utf-8")
    main("run", "job.xml", "-o", "run.h5") if finished else stopped(
        monkeypatch, "run", "job.xml", "-o", "run.h5"
    )
    before = Path("run.h5").read_bytes()
    for words in (("resume", "--job", "other.xml", "run.h5"), ("resume", "other.xml")):
        capsys.readouterr()
        assert main(*words) == 2
        first, second = capsys.readouterr().err.splitlines()
        assert first.startswith("run.h5: run of another job, or the job changed since, found ")
        assert first.endswith("job.xml, allowed other.xml, or another run file")
        assert second.startswith("other.xml:4: job changed since the run started, found ")
    assert Path("run.h5").read_bytes() == before
    assert main("resume", "--job", "job.xml", "run.h5") == 0


def test_changed_text_of_the_same_job_is_refused_for_a_finished_run(folder, capsys):
    main("run", "job.xml")
    text = Path("job.xml").read_text(encoding="utf-8")
    Path("job.xml").write_text(text.replace("<geodesic-lm", '<geodesic-lm max-iter="3"'), encoding="utf-8")
    capsys.readouterr()
    assert main("resume", "job.xml") == 2
    assert "job.xml:4: job changed since the run started" in capsys.readouterr().err


def test_lock_of_a_running_process_refuses_run_and_resume(folder, monkeypatch, capsys):
    stopped(monkeypatch, "run", "job.xml")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        start = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        leave_lock("job.run.h5", pid=other.pid, start=int(start))
        before = Path("job.run.h5").read_bytes()
        for words in (("resume", "job.xml"), ("run", "job.xml", "--overwrite"), ("run", "job.xml")):
            capsys.readouterr()
            assert main(*words) == 2
            assert capsys.readouterr().err == (
                "job.run.h5: another process writes this run file, found process "
                f"{other.pid} on {socket.gethostname()}, allowed wait, or stop it first\n"
            )
        assert Path("job.run.h5").read_bytes() == before
        other.communicate(b"\n")
    assert main("resume", "job.xml") == 0
    assert "job.run.h5.lock: removed the lock of process" in capsys.readouterr().out
    assert "job.run.h5.lock" not in files()


def test_lock_of_another_host_is_broken_on_request(folder, monkeypatch, capsys):
    stopped(monkeypatch, "run", "job.xml")
    leave_lock("job.run.h5", host="elsewhere")
    os.utime("job.run.h5.lock", (time.time() - 700,) * 2)
    assert main("resume", "job.xml") == 2
    assert "--break-lock" in capsys.readouterr().err
    assert main("resume", "job.xml", "--break-lock") == 0


def test_lock_goes_when_a_fit_fails(folder, capsys):
    Path("job.run.h5").write_bytes(b"something else")
    assert main("run", "job.xml") == 2
    assert "job.run.h5.lock" not in files()


def test_damaged_checkpoint_falls_back_with_a_line(folder, monkeypatch, capsys):
    main("run", "job.xml", "-o", "whole.h5")
    stopped(monkeypatch, "run", "job.xml", after=3)
    flipped("job.run.h5", os.path.getsize("job.run.h5") // 2)
    capsys.readouterr()
    assert main("resume", "job.xml") == 0
    line = "job.run.h5: unreadable, job.run.previous.h5 is used in its place (iteration 1)\n"
    assert line in capsys.readouterr().out
    assert bits("job.run.h5") == bits("whole.h5")


def test_dataset_replaced_during_a_fit_is_refused(folder, monkeypatch, capsys):
    plain = RunStore.save

    def save(self, *arguments):
        write_dataset(Path("si.h5"), silicon(seed=2))
        plain(self, *arguments)

    monkeypatch.setattr(RunStore, "save", save)
    assert main("run", "job.xml") == 2
    assert capsys.readouterr().err.startswith("si.h5: dataset was replaced while it was in use, found hash ")
    assert not load("job.run.h5").complete


def test_same_dataset_again_is_no_replacement(folder, monkeypatch):
    plain, content = RunStore.save, Path("si.h5").read_bytes()

    def save(self, *arguments):
        Path("copy.h5").write_bytes(content)
        os.replace("copy.h5", "si.h5")
        plain(self, *arguments)

    monkeypatch.setattr(RunStore, "save", save)
    assert main("run", "job.xml") == 0


def test_dataset_edited_by_another_program_is_refused(folder, capsys):
    with h5py.File("si.h5", "r+") as file:
        file["config/energy"][3] += 1.0
    assert main("run", "job.xml") == 2
    assert capsys.readouterr().err.startswith("si.h5: cannot be read as HDF5, found ")
