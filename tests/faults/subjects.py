"""The files that faults are tried on, and how a reader tells damage from content."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpcfit.cli import run
from hpcfit.dataset.reader import Dataset
from hpcfit.errors import InputError
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import RunStore, load
from tests.faults.damage import DETECTED, HARMLESS, SILENT
from tests.helpers import small_jobs


@dataclass(frozen=True)
class Subject:
    """A file and its judge, as `tests.faults.damage.tried` takes it."""

    name: str
    path: Path
    judge: Callable[[], str]


def subjects(folder: Path) -> list[Subject]:
    """Make a finished run file, an unfinished one with its previous generation, and a dataset."""
    job = small_jobs.write_job(folder)
    finished, unfinished, dataset = (folder / name for name in ("finished.h5", "unfinished.h5", "si.h5"))
    assert run.fit(str(job), str(finished), False, Serial(), io.StringIO()).startswith("converged")
    (folder / "finished.previous.h5").unlink()
    whole = load(str(finished))
    store = RunStore.create(str(unfinished), whole.header)
    for k in range(3):
        store.save(replace(whole.state, iteration=k, outcome="", x=whole.state.x + k), 0.0, whole.values)
    return [
        Subject("finished run", finished, _judge_of(lambda: _run(finished), (_run(finished),))),
        Subject(
            "unfinished run",
            unfinished,
            _judge_of(
                lambda: _run(unfinished), (_run(unfinished),), (_run(folder / "unfinished.previous.h5"),)
            ),
        ),
        Subject("dataset", dataset, _judge_of(lambda: _dataset(dataset), (_dataset(dataset),))),
    ]


def _judge_of(
    read: Callable[[], Any], same: tuple[Any, ...], earlier: tuple[Any, ...] = ()
) -> Callable[[], str]:
    """Return a judge: an error or the earlier generation is a detection, another content is silent damage."""

    def judge() -> str:
        try:
            found = read()
        except InputError:
            return DETECTED
        return HARMLESS if found in same else DETECTED if found in earlier else SILENT

    return judge


def _run(path: Path) -> Any:
    # the name of the file that was read is no content
    return plain(replace(load(str(path)), path="", source=""))


def _dataset(path: Path) -> Any:
    with Dataset(path) as dataset:
        parts = (dataset.index(), dataset.read(0, len(dataset)), dataset.provenance(), dataset.energy_kind)
        return plain(parts)


def plain(value: Any) -> Any:
    """Return a value as tuples and bytes that are equal for equal bits."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple((field.name, plain(getattr(value, field.name))) for field in fields(value))
    if isinstance(value, Mapping):
        return tuple(sorted((key, plain(item)) for key, item in value.items()))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, (list, tuple, np.ndarray)):
        return tuple(plain(item) for item in value)
    return repr(value)
