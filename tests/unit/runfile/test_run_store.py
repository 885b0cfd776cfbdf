"""The stores in memory and in a file, tested alike; then what only the file can do wrong."""

import os
import shutil
from dataclasses import fields, replace

import h5py
import numpy as np
import pytest

from hpcfit.errors import HpcfitError, InputError
from hpcfit.records import Predictions, SolverState, State
from hpcfit.runfile import file as runfile
from hpcfit.runfile.store import MemoryStore, RunStore, load
from tests.helpers.edited import edited

#: What only the last state keeps: arrays but `x`, and texts.
NOT_IN_HISTORY = {"scale", "direction", "start_x", "best_x", "restarted", "outcome", "solver"}


KNOWN_ATTRIBUTES = ("unit", "shape", "description", "rows", "columns")


def same(a, b):
    """Whether two values have the same type and bits, arrays and records element by element."""
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, State | SolverState | Predictions):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    # the text of a float is that of all its bits, and that of NaN is equal to itself
    return type(a) is type(b) and repr(a) == repr(b)


def same_history(a, b):
    return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)


class Memory:
    """Opens the store in memory as the store in a file is opened."""

    def create(self, header):
        return MemoryStore(header)

    def stored(self, store):
        return store.run

    def resume(self, earlier, header):
        return MemoryStore(header, earlier)


class File:
    def __init__(self, path):
        self.path = path

    def create(self, header):
        return RunStore.create(self.path, header)

    def stored(self, store):
        return load(self.path)

    def resume(self, earlier, header):
        return RunStore.resume(earlier, header)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "run.h5")


@pytest.fixture(params=["memory", "file"])
def kind(request, path):
    return Memory() if request.param == "memory" else File(path)


def saved(kind, header, states):
    store = kind.create(header)
    for k, state in enumerate(states):
        store.save(state, 0.1 * k)
    return store


def test_every_bit_of_the_state_survives(kind, header, states):
    for n in range(1, 5):
        if isinstance(kind, File):
            kind.path = f"{kind.path}{n}"
        run = kind.stored(saved(kind, header, states[:n]))
        assert same(run.state, states[n - 1])
        assert not run.complete


def test_header_survives(kind, header, states):
    run = kind.stored(saved(kind, header, states))
    assert run.header == header
    assert run.header.options["max_iter"] == 17
    assert "blocks" not in run.header.options


def test_history_has_a_row_per_iteration(kind, header, states):
    history = kind.stored(saved(kind, header, states)).history
    names = {f.name for f in fields(State) + fields(SolverState)} - NOT_IN_HISTORY - {"n_second_derivatives"}
    # The number of second derivatives keeps the name that it has in older run files.
    assert set(history) == names | {"n_seconds", "seconds"}
    assert same(history["x"], np.array([state.x for state in states]))
    assert same(history["cost"], np.array([state.cost for state in states]))
    assert same(history["n_costs"], np.array([2**53 + 1] * 4))
    assert np.isnan(history["angle"]).all()
    assert np.array_equal(history["seconds"], [0.0, 0.1, 0.2, 0.1 * 3])


def test_same_iteration_replaces_its_row(kind, header, states):
    store = saved(kind, header, states[:2])
    store.save(replace(states[1], outcome="stopped: signal"), 0.5)
    run = kind.stored(store)
    assert run.history["iteration"].tolist() == [0, 1]
    assert run.history["seconds"].tolist() == [0.0, 0.6]
    assert run.state.outcome == "stopped: signal"


def test_result_survives(kind, header, states, result):
    store = saved(kind, header, states)
    store.finish(result)
    run = kind.stored(store)
    assert run.complete
    assert run.result.outcome == "converged: step"
    assert same(run.result.state, states[-1])
    assert same(run.result.covariance, result.covariance)
    assert same(run.result.singular_values, result.singular_values)
    assert same(run.result.directions, result.directions)
    assert run.result.timings == result.timings
    assert all(same(a, b) for a, b in zip(run.result.predictions, result.predictions, strict=True))
    assert run.history["iteration"].tolist() == [0, 1, 2, 3]


def test_resume_goes_on_as_if_never_stopped(kind, header, states, result):
    store = saved(kind, header, states[:2])
    later = replace(header, started="2027-01-01T00:00:00+00:00", hosts=("elsewhere",))
    store = kind.resume(kind.stored(store), later)
    for k in (2, 3):
        store.save(states[k], 0.1 * k)
    resumed = kind.stored(store)
    assert resumed.header == replace(header, hosts=("elsewhere",))
    whole = saved(Memory(), header, states).run
    assert same_history(dict(sorted(resumed.history.items())), dict(sorted(whole.history.items())))
    assert same(resumed.state, whole.state)


def test_resumed_run_is_unfinished_again(kind, header, states, result):
    store = saved(kind, header, states[:2])
    store.finish(replace(result, state=states[1]))
    store = kind.resume(kind.stored(store), header)
    assert not store.run.complete
    store.save(states[2], 0.1)
    assert not kind.stored(store).complete


def test_nothing_saved_is_an_error(header):
    with pytest.raises(ValueError, match="no state"):
        _ = MemoryStore(header).run


def test_job_is_found_beside_a_moved_run(tmp_path, header, states):
    path = tmp_path / "runs" / "run.h5"
    path.parent.mkdir()
    saved(File(str(path)), header, states[:1])
    moved = tmp_path / "moved"
    shutil.copytree(tmp_path / "runs", moved / "runs")
    assert load(str(moved / "runs" / "run.h5")).header.job_path == header.job_path
    shutil.copy(tmp_path / "job.xml", moved)
    assert load(str(moved / "runs" / "run.h5")).header.job_path == str(moved / "job.xml")


def arrays_of(path):
    """Every array of a file by name: its attributes, and its shape."""
    arrays = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            arrays[name] = dict(item.attrs), item.shape

    with h5py.File(path) as file:
        file.visititems(note)
    return arrays


def test_every_array_describes_itself(path, header, states, result):
    saved(File(path), header, states).finish(result)
    with h5py.File(path) as file:
        assert file.attrs["complete"]
        assert file["parameters/final"][...].tolist() == [1.0, 0.5874, 2.0951]
        errors = file["parameters/standard_error"][...]
        assert errors[0] == 0.2 and np.isnan(errors[1:]).all()
    arrays = arrays_of(path)
    assert len(arrays) > 30
    for attributes, _ in arrays.values():
        assert {"unit", "shape", "description"} <= set(attributes) <= {*KNOWN_ATTRIBUTES}
        assert attributes["description"]
    free = ["SW.A[SiSi]", "SW.B[SiSi]"]
    attributes, _ = arrays["history/x"]
    assert attributes["unit"] == "parameters/unit, 1 for a transform"
    assert attributes["shape"] == "n_rows, n_free"
    assert list(attributes["columns"]) == free and "rows" not in attributes
    assert list(arrays["parameters/final"][0]["rows"]) == [*free, "SW.sigma[SiSi]"]
    assert list(arrays["result/covariance"][0]["rows"]) == free
    assert list(arrays["result/covariance"][0]["columns"]) == free
    assert list(arrays["timings/seconds"][0]["rows"]) == ["start", "iterations"]
    for attributes, shape in arrays.values():
        for size, label in zip(shape, ("rows", "columns"), strict=False):
            assert label not in attributes or len(attributes[label]) == size


def test_predictions_are_found_by_the_id_of_their_dataset(path, header, states, result):
    ids = ["train/si", "b", "..", "a%2F"]
    predictions = tuple(replace(result.predictions[0], source=name) for name in ids)
    saved(File(path), header, states).finish(replace(result, predictions=predictions))
    with h5py.File(path) as file:
        assert set(file["predictions"]) == {"train%2Fsi", "b", "%2E%2E", "a%252F"}
        assert file["predictions/b/stress"].attrs["unit"] == "eV/Angstrom^3"
    # in the order of the job, not of the names
    assert [p.source for p in load(path).result.predictions] == ids


def test_interval_and_outcome_decide_when_to_write(path, header, states):
    store = RunStore.create(path, header, interval=2)
    store.save(states[0], 0.0)
    store.save(states[1], 0.0)
    assert load(path).state.iteration == 0
    store.save(states[2], 0.0)
    assert load(path).history["iteration"].tolist() == [0, 1, 2]
    store.save(states[3], 0.0)
    assert load(path).state.outcome == "converged: step"


def test_failed_write_says_so_and_leaves_the_old_file(path, header, states, monkeypatch):
    store = saved(File(path), header, states[:1])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runfile, "_write_state", full)
    with pytest.raises(HpcfitError, match=r"run\.h5: run file cannot be written, found.*No space"):
        store.save(states[1], 0.0)
    assert load(path).state.iteration == 0
    assert os.listdir(os.path.dirname(path)).count("run.h5") == 1
    assert not [name for name in os.listdir(os.path.dirname(path)) if ".tmp." in name]


@pytest.mark.parametrize("finished", [False, True])
def test_existing_run_is_not_overwritten_silently(path, header, states, result, finished):
    store = saved(File(path), header, states[:2])
    if finished:
        store.finish(result)
    found = "a finished run" if finished else "iteration 1 of an unfinished run"
    with pytest.raises(InputError, match=f"run file exists, found {found}.*--overwrite or hpcfit resume"):
        RunStore.create(path, header)
    store = RunStore.create(path, header, overwrite=True)
    assert load(path).complete == finished  # the old run stands until the new one has a state
    store.save(states[0], 0.0)
    assert load(path).history["iteration"].tolist() == [0]
    # the old run must not become the new one's previous generation
    assert not os.path.exists(path.replace("run.h5", "run.previous.h5"))


def test_second_run_in_the_same_folder_is_refused(path, header, states, result):
    second = RunStore.create(path, header)
    saved(File(path), header, states).finish(result)
    with pytest.raises(InputError, match="run file exists"):
        second.save(states[0], 0.0)
    assert load(path).complete


def test_other_files_are_never_overwritten(path, header):
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "hpcfit dataset"
    for overwrite in (False, True):
        with pytest.raises(InputError, match="not a run file, found hpcfit dataset, allowed hpcfit run"):
            RunStore.create(path, header, overwrite=overwrite)


def test_a_folder_is_no_run_file(tmp_path, header):
    with pytest.raises(InputError, match=f"^{tmp_path}: a folder, not a run file$"):
        RunStore.create(str(tmp_path), header, overwrite=True)


def test_missing_folder_is_named_before_the_run(tmp_path, header):
    with pytest.raises(InputError, match=r"folder of the run file does not exist, found .*nowhere"):
        RunStore.create(str(tmp_path / "nowhere" / "run.h5"), header)


def test_missing_file_is_named(path):
    with pytest.raises(InputError, match=r"run\.h5: no such file$"):
        load(path)


def test_other_version_is_refused_without_fallback(path, header, states):
    saved(File(path), header, states)
    with edited(path) as file:
        file.attrs["format version"] = 1
    with pytest.raises(InputError, match="run file of another version, found 1, allowed 5 or 6"):
        load(path)
