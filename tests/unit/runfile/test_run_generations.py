"""Two generations of the run file: kills at every step, damage, and what is swept away."""

import os
from functools import partial
from pathlib import Path

import pytest

from hpcfit.errors import InputError
from hpcfit.runfile.store import RunStore, load

STEPS = ("link", "replace", "fsync", "unlink")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.h5"


@pytest.fixture
def previous(tmp_path):
    return tmp_path / "run.previous.h5"


def write(path, header, states):
    store = RunStore.create(str(path), header)
    for state in states:
        store.save(state, 0.0)
    return store


def killed_at(step, action):
    """Run `action` in a child that dies without any clean-up before its call number `step` to the system.

    Return whether it died of that.
    """
    child = os.fork()
    if child == 0:
        calls = iter(range(step))

        def dying(call):
            def wrapper(*arguments, **keywords):
                if next(calls, None) is None:
                    os._exit(9)
                return call(*arguments, **keywords)

            return wrapper

        try:
            for name in STEPS:
                setattr(os, name, dying(getattr(os, name)))
            action()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


def test_previous_generation_is_the_one_before(path, previous, header, states):
    write(path, header, states[:3])
    assert load(str(path)).state.iteration == 2
    assert load(str(previous)).state.iteration == 1


@pytest.fixture(params=["links", "no links"])
def _file_system(request, monkeypatch):
    """Let hard links fail, as on file systems without them."""

    def refuse(*_):
        raise OSError(1, "no hard links here")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("_file_system")
def test_kill_at_any_step_leaves_a_readable_file(path, previous, header, states):
    n_kills = 0
    store = write(path, header, states[:2])
    while killed_at(n_kills, partial(store.save, states[2], 0.0)):
        n_kills += 1
        run = load(str(path))
        assert run.source == str(path)  # never the fallback
        assert run.state.iteration in (1, 2)
        assert load(str(previous)).state.iteration in (0, 1, 2)
        # back to where the kill is aimed at, by the way a user would take; then again from iteration 1
        RunStore.resume(run, header)
        assert not list(path.parent.glob("*.tmp.*"))
        path.unlink()
        previous.unlink()
        store = write(path, header, states[:2])
    assert n_kills >= 6
    assert load(str(path)).state.iteration == 2


def test_content_is_on_disk_before_its_name_and_the_name_after(path, header, states, monkeypatch):
    store = write(path, header, states[:2])
    calls, sync, rename = [], os.fsync, os.replace

    def fsync(descriptor):
        calls.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        sync(descriptor)

    def replace(old, new):
        calls.append(("replace", Path(new).name))
        rename(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    store.save(states[2], 0.0)
    # first by the descriptor that wrote, so that no failure of a write is lost
    assert calls == [
        ("sync", f"run.h5.tmp.{os.getpid()}"),
        ("sync", f"run.h5.tmp.{os.getpid()}"),
        ("replace", "run.previous.h5"),
        ("replace", "run.h5"),
        ("sync", path.parent.name),
    ]


def test_kill_during_the_first_write_leaves_nothing(path, header, states):
    store = RunStore.create(str(path), header)
    assert killed_at(0, lambda: store.save(states[0], 0.0))
    assert not path.exists()
    RunStore.create(str(path), header).save(states[0], 0.0)
    assert [p.name for p in path.parent.glob("run*")] == ["run.h5"]


@pytest.mark.parametrize("size", [0, 100, 5000, -1])
def test_truncated_file_falls_back_to_the_previous(path, previous, header, states, size):
    write(path, header, states[:3])
    os.truncate(path, size if size >= 0 else path.stat().st_size - 1)
    run = load(str(path))
    assert run.state.iteration == 1
    assert run.note == f"{path}: unreadable, {previous} is used in its place (iteration 1)"


def test_missing_file_falls_back_to_the_previous(path, header, states):
    write(path, header, states[:3])
    path.unlink()
    assert load(str(path)).state.iteration == 1


def test_whole_file_has_no_note(path, header, states):
    write(path, header, states[:3])
    assert load(str(path)).note == ""


def test_resume_from_the_previous_keeps_it_until_the_file_is_whole(path, previous, header, states):
    write(path, header, states[:3])
    os.truncate(path, 100)
    good = previous.read_bytes()
    store = RunStore.resume(load(str(path)), header)
    store.save(states[2], 0.0)
    assert previous.read_bytes() == good  # not the damaged one
    assert load(str(path)).source == str(path)
    store.save(states[3], 0.0)
    assert load(str(previous)).state.iteration == 2


def test_both_damaged_names_both(path, previous, header, states):
    write(path, header, states[:3])
    os.truncate(path, 100)
    os.truncate(previous, 100)
    with pytest.raises(InputError) as caught:
        load(str(path))
    assert [fault.where for fault in caught.value.faults] == [str(path), str(previous)]


def dead_pid():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_only_stale_temporary_files_of_this_run_are_swept(path, header):
    dead, folder = dead_pid(), path.parent
    stale = [f"run.h5.tmp.{dead}", f"run.previous.h5.tmp.{dead}", f"run.h5.tmp.{os.getpid()}"]
    kept = [f"run.h5.tmp.{os.getppid()}", f"other.h5.tmp.{dead}", "run.h5.tmp.old", f"runxh5.tmp.{dead}"]
    for name in stale + kept:
        Path(folder, name).touch()
    RunStore.create(str(path), header)
    assert {p.name for p in folder.glob("*tmp*")} == set(kept)


def test_a_generation_alone_is_named_where_it_stands_in_the_way(path, previous, header, states):
    write(path, header, states[:3])
    path.unlink()
    with pytest.raises(
        InputError, match=f"^{previous}: run file exists, found iteration 1 of an unfinished run"
    ):
        RunStore.create(str(path), header)
