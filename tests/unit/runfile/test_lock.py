"""The lock of a run file: who may write, and which locks are broken without help."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from hpcfit.errors import HpcfitError, InputError
from hpcfit.runfile.lock import STALE, Owner, RunLock
from hpcfit.runfile.store import RunStore, load, run_lock

HERE = Owner.of_this_process()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "run.h5")


@pytest.fixture
def slurm(monkeypatch):
    def within(job, restart):
        monkeypatch.setenv("SLURM_JOB_ID", job)
        monkeypatch.setenv("SLURM_RESTART_COUNT", restart)

    return within


def leave(path, owner=HERE, silent=0.0, **changes):
    """Leave the lock of another process."""
    lock = Path(f"{path}.lock")
    lock.write_text(json.dumps(asdict(replace(owner, token="other", **changes))), encoding="utf-8")
    os.utime(lock, (time.time() - silent,) * 2)


def taken(path, **options):
    """Take the lock, and return the line about one that was broken."""
    with run_lock(path, **options) as lock:
        assert json.loads(Path(f"{path}.lock").read_text())["pid"] == os.getpid()
        note = lock.note
    assert os.listdir(os.path.dirname(path)) == []
    return note


def refusal(path, **options):
    before = Path(f"{path}.lock").read_text()
    with pytest.raises(InputError) as caught:
        RunLock(path, **options)
    assert Path(f"{path}.lock").read_text() == before
    assert len(os.listdir(os.path.dirname(path))) == 1
    return str(caught.value)


def dead_pid():
    with subprocess.Popen(["true"]) as child:
        pass
    return child.pid


def test_lock_stands_while_it_is_held(path):
    assert taken(path) == ""
    with run_lock(path):
        assert refusal(path) == (
            f"{path}: another process writes this run file, found process {os.getpid()} on {HERE.host}, "
            "allowed wait, or stop it first"
        )


def test_lock_goes_with_an_error(path):
    with pytest.raises(KeyError), run_lock(path):
        raise KeyError
    assert os.listdir(os.path.dirname(path)) == []


def test_process_of_this_host_that_is_gone(path):
    leave(path, pid=dead_pid())
    assert "run.h5.lock: removed the lock of process" in (note := taken(path))
    assert note.endswith(", which is gone")


def test_process_number_that_another_process_has_now(path):
    leave(path, start=HERE.start - 1)
    assert taken(path).endswith(", which is gone")


def test_process_before_this_boot(path):
    leave(path, boot="an earlier boot")
    assert taken(path).endswith(", which is gone")


def test_running_process_keeps_its_lock_from_break_lock_too(path):
    leave(path, silent=10 * STALE)
    assert "wait, or stop it first" in refusal(path, break_lock=True)


def test_requeued_job_takes_the_lock_of_its_earlier_start(path, slurm):
    slurm("17", "1")
    leave(path, host="node7", slurm_job="17", slurm_restart=0)
    assert taken(path).endswith("SLURM job 17, which this restart of the job replaces")


@pytest.mark.parametrize(("job", "restart"), [("17", 1), ("17", 2), ("18", 0), ("", 0)])
def test_other_starts_on_other_hosts_keep_their_lock(path, slurm, job, restart):
    slurm("17", "1")
    leave(path, host="node7", slurm_job=job, slurm_restart=restart)
    assert f"allowed wait: after {STALE:.0f} s --break-lock" in refusal(path)


def test_silent_process_of_another_host_needs_the_option(path):
    leave(path, host="node7", silent=STALE - 60)
    assert "--break-lock" in refusal(path, break_lock=True)
    leave(path, host="node7", silent=STALE + 60)
    assert "another process may still write this run file, found process" in (line := refusal(path))
    assert "on node7, last checkpoint 660 s ago, allowed --break-lock if that run is gone" in line
    assert taken(path, break_lock=True).endswith("on node7, by request")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"host": 5}', "\x00" * 100])
def test_unreadable_lock_needs_the_option(path, text):
    Path(f"{path}.lock").write_text(text)
    assert "run.h5.lock: lock cannot be read, allowed --break-lock" in refusal(path)
    assert "removed the lock of an unknown process, by request" in taken(path, break_lock=True)


def test_every_state_refreshes_the_lock(path, header, states):
    with run_lock(path) as lock:
        store = RunStore.create(path, header, interval=100, lock=lock)
        for state in states[:3]:
            os.utime(f"{path}.lock", (0, 0))
            store.save(state, 0.0)
            assert time.time() - os.stat(f"{path}.lock").st_mtime < 60


@pytest.mark.parametrize("loss", ["broken", "removed"])
def test_run_that_lost_its_lock_writes_no_more(path, header, states, result, loss):
    with run_lock(path) as lock:
        store = RunStore.create(path, header, lock=lock)
        store.save(states[0], 0.0)
        leave(path, host="node7") if loss == "broken" else os.unlink(f"{path}.lock")
        for write in (lambda: store.save(states[1], 0.0), lambda: store.finish(result)):
            with pytest.raises(HpcfitError, match=r"lock of this run is gone, another process may write"):
                write()
    assert load(path).state.iteration == 0
    assert os.path.exists(f"{path}.lock") == (loss == "broken")


def test_run_that_went_on_meanwhile_is_read_again(path, header, states):
    store = RunStore.create(path, header)
    store.save(states[0], 0.0)
    read = load(path)
    store.save(states[1], 0.0)
    with (
        run_lock(path) as lock,
        pytest.raises(
            InputError, match=r"continued the run meanwhile.*found iteration 1, allowed iteration 0"
        ),
    ):
        RunStore.resume(read, header, lock=lock)


def test_lock_that_took_the_place_of_a_stale_one_stays(path, monkeypatch):
    """Another process breaks the lock between the look at it and its removal."""
    is_gone = Owner.is_gone.fget

    def overtaken(owner):
        if gone := is_gone(owner):
            os.unlink(f"{path}.lock")
            leave(path)
        return gone

    leave(path, pid=dead_pid())
    monkeypatch.setattr(Owner, "is_gone", property(overtaken))
    with pytest.raises(InputError, match="another process writes this run file"):
        RunLock(path)
    assert json.loads(Path(f"{path}.lock").read_text())["token"] == "other"


@pytest.mark.parametrize("links", [True, False])
def test_of_many_at_once_one_takes_a_stale_lock(path, monkeypatch, links):
    """Every child tries for the lock of a dead process and holds what it gets; one gets it."""
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "no hard links here")))
    leave(path, pid=dead_pid())
    start = time.time() + 0.1
    all_tried, end_of_tries = os.pipe()  # its reader ends as the last child closes it
    children = []
    for _ in range(8):
        if (child := os.fork()) == 0:
            time.sleep(max(0.0, start - time.time()))
            try:
                lock = RunLock(path)
            except InputError:
                os._exit(2)
            os.close(end_of_tries)
            os.read(all_tried, 1)
            assert lock
            os._exit(0)
        children.append(child)
    os.close(end_of_tries)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(codes) == [0] + 7 * [2]


HOLDER = """
import sys, time
from hpcfit.runfile.lock import RunLock
lock = RunLock(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_killed_process_needs_no_hand(path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"held\n"
        assert f"process {child.pid} on" in refusal(path)
        child.send_signal(signal.SIGKILL)
    assert taken(path).endswith("which is gone")
