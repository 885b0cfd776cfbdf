"""A run as an HDF5 file, written and read as a whole; `hpcfit.runfile.layout` defines the names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, get_type_hints

import h5py
import numpy as np
from numpy.typing import NDArray

from hpcfit.errors import Fault, InputError
from hpcfit.records import FloatArray, Parameter, Predictions, SolverState, State
from hpcfit.runfile import layout
from hpcfit.runfile.header import Counts, DatasetRecord, LossDisplay, RunHeader, Style
from hpcfit.runfile.layout import RunField
from hpcfit.runfile.outcomes import StructureOutcome
from hpcfit.runfile.run import RunResult, StoredRun, standard_errors
from hpcfit.runfile.structure_columns import outcomes_of, property_columns, structure_columns

_SOLVER_FIELDS = tuple(field.name for field in fields(SolverState))
_STATE_TYPES = get_type_hints(State) | get_type_hints(SolverState)
del _STATE_TYPES["solver"]

#: Scalar fields of `State`; the others are arrays.
STATE_SCALARS = tuple(name for name, kind in _STATE_TYPES.items() if kind in (bool, int, float, str))

#: Columns of the history from `State`; the outcome is empty in all rows but the last.
HISTORY_COLUMNS = tuple(name for name in (*STATE_SCALARS, "x") if _STATE_TYPES[name] is not str)


class UnreadableRunError(InputError):
    """A run file that is missing or damaged; the previous generation may replace it."""


def header_image(header: RunHeader, path: str) -> bytes:
    """Return the part that is equal in all generations of the run file `path`, as an HDF5 file in memory."""
    with h5py.File(path, "w", driver="core", backing_store=False) as file:
        file.attrs[layout.FORMAT_ATTRIBUTE] = layout.FORMAT
        file.attrs[layout.VERSION_ATTRIBUTE] = layout.VERSION
        _write_header(file, header, os.path.dirname(os.path.abspath(path)))
        file.flush()
        return bytes(file.id.get_file_image())


def write_run(target: str, image: bytes, run: StoredRun) -> None:
    """Write `run` to the file `target`, which is truncated first and must not be a run file in use.

    Parameters
    ----------
    image
        `header_image` of the run's header; reusing it halves the time of a write.

    Raises
    ------
    OSError, RuntimeError
        If the file cannot be written.
    """
    with open(target, "wb") as start:
        start.write(image)
    with h5py.File(target, "r+", locking="best-effort") as file:
        file.attrs[layout.COMPLETE_ATTRIBUTE] = run.complete
        _write_state(file.create_group(layout.STATE), run.state)
        _write_columns(file[layout.STATE], layout.VALUE_FIELDS, {"values": run.values})
        _write_columns(file[layout.STATE], layout.RELAXED_FIELDS, _relaxed_columns(run.relaxed))
        columns = {name: layout.history_field(name) for name in run.history}
        _write_columns(file.create_group(layout.HISTORY), columns, run.history)
        if run.result is not None:
            _write_result(file, run, run.result)


def read_run(source: str, path: str) -> StoredRun:
    """Return the content of the file `source`, a generation of the run file `path`.

    Raises
    ------
    UnreadableRunError
        If the file is missing or damaged.
    InputError
        If it is not a run file of this version.
    """
    if not os.path.exists(source):
        raise UnreadableRunError([Fault(source, "no such file")])
    try:
        with h5py.File(source, "r", locking="best-effort") as file:
            _check_format(file, source)
            state = _read_state(file[layout.STATE])
            return StoredRun(
                header=_read_header(file),
                state=state,
                values=_read(file[layout.STATE]["values"]),
                history={name: _read(column) for name, column in file[layout.HISTORY].items()},
                result=_read_result(file, state) if file.attrs[layout.COMPLETE_ATTRIBUTE] else None,
                relaxed=_read_relaxed(file[layout.STATE]),
                path=path,
                source=source,
            )
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        # damaged HDF5 files raise any of these, depending on what is damaged
        raise UnreadableRunError([Fault(source, "run file cannot be read", found=str(error))]) from error


def _check_format(file: h5py.File, source: str) -> None:
    found = file.attrs.get(layout.FORMAT_ATTRIBUTE, "another kind of HDF5 file")
    if found != layout.FORMAT:
        raise InputError([Fault(source, "not a run file", str(found), layout.FORMAT)])
    version = file.attrs[layout.VERSION_ATTRIBUTE]
    if version != layout.VERSION:
        raise InputError([Fault(source, "run file of another version", str(version), str(layout.VERSION))])


def _write_header(file: h5py.File, header: RunHeader, folder: str) -> None:
    job = file.create_group(layout.JOB)
    job.attrs.update(
        name=header.job_name,
        path=os.path.abspath(header.job_path),
        relative_path=os.path.relpath(header.job_path, folder),
        hash=header.job_hash,
    )
    _write_columns(job, layout.JOB_FIELDS, {"text": header.job_text})
    about = file.create_group(layout.RUN)
    about.attrs.update(
        started=header.started,
        loss_factor=header.loss.factor,
        loss_label=header.loss.label,
        loss_digits=header.loss.digits,
        loss_of=header.loss.of,
        verbosity=header.style.verbosity,
        precision=header.style.precision,
        **asdict(header.counts),
    )
    _write_columns(about, layout.RUN_FIELDS, {"hosts": header.hosts})
    file.create_group(layout.VERSIONS).attrs.update(header.versions)
    file.create_group(layout.SOLVER).attrs.update(header.options)
    _write_records(file.create_group(layout.DATASETS), layout.DATASET_FIELDS, header.datasets)
    _write_records(file.create_group(layout.PARAMETERS), layout.PARAMETER_FIELDS, header.parameters)


def _read_header(file: h5py.File) -> RunHeader:
    job, about = file[layout.JOB], file[layout.RUN].attrs
    datasets = _read_records(file[layout.DATASETS], layout.DATASET_FIELDS)
    parameters = _read_records(file[layout.PARAMETERS], layout.PARAMETER_FIELDS)
    return RunHeader(
        job_name=job.attrs["name"],
        job_path=_job_path(job.attrs, file.filename),
        job_text=job["text"].asstr()[()],
        job_hash=job.attrs["hash"],
        datasets=tuple(DatasetRecord(**row) for row in datasets),
        parameters=tuple(Parameter(**row) for row in parameters),
        options={name: _plain(value) for name, value in file[layout.SOLVER].attrs.items()},
        versions=dict(file[layout.VERSIONS].attrs),
        started=about["started"],
        hosts=tuple(_read(file[layout.RUN]["hosts"])),
        counts=Counts(*(int(about[field.name]) for field in fields(Counts))),
        loss=LossDisplay(
            float(about["loss_factor"]), about["loss_label"], int(about["loss_digits"]), about["loss_of"]
        ),
        style=Style(about["verbosity"], int(about["precision"])),
    )


def _job_path(attributes: Mapping[str, str], path: str) -> str:
    """Return the job's path relative to the run file, in case both were moved."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), attributes["relative_path"]))
    return beside if os.path.isfile(beside) else attributes["path"]


def state_values(state: State) -> dict[str, Any]:
    """Return the fields of a state and of its solver's state by name; run files do not tell them apart."""
    values = vars(state) | vars(state.solver)
    return {name: values[name] for name in _STATE_TYPES}


def _write_state(group: h5py.Group, state: State) -> None:
    for name, value in state_values(state).items():
        if name in STATE_SCALARS:
            group.attrs[layout.stored_name(name)] = value
        else:
            _write(group, name, layout.state_field(name), value)


def _read_state(group: h5py.Group) -> State:
    values: dict[str, Any] = {
        name: _plain(group.attrs[layout.stored_name(name)]) if name in STATE_SCALARS else _read(group[name])
        for name in _STATE_TYPES
    }
    solver = SolverState(**{name: values.pop(name) for name in _SOLVER_FIELDS})
    return State(**values, solver=solver)


def _relaxed_columns(relaxed: Sequence[FloatArray]) -> dict[str, NDArray[Any]]:
    ends = np.cumsum([0, *(len(own) for own in relaxed)], dtype=np.int64)
    return {"relaxed": np.concatenate([np.zeros(0), *relaxed]), "relaxed_ptr": ends}


def _read_relaxed(group: h5py.Group) -> tuple[FloatArray, ...]:
    flat, ends = _read(group["relaxed"]), _read(group["relaxed_ptr"])
    return tuple(flat[first:last] for first, last in itertools.pairwise(ends))


def _write_result(file: h5py.File, run: StoredRun, result: RunResult) -> None:
    group = file.create_group(layout.RESULT)
    group.attrs["outcome"] = result.outcome
    _write_columns(group, layout.RESULT_FIELDS, vars(result))
    timings = {"name": list(result.timings), "seconds": list(result.timings.values())}
    _write_columns(file.create_group(layout.TIMINGS), layout.TIMING_FIELDS, timings)
    final = {
        "final": run.values,
        "standard_error": standard_errors(run.header.parameters, result.covariance),
    }
    _write_columns(file[layout.PARAMETERS], layout.FINAL_FIELDS, final)
    predictions = file.create_group(layout.PREDICTIONS)
    for k, prediction in enumerate(result.predictions):
        # numbered, since an id may hold characters that are special in HDF5
        group = predictions.create_group(str(k))
        group.attrs["source"] = prediction.source
        _write_columns(group, layout.PREDICTION_FIELDS, vars(prediction))
    structures = file.create_group(layout.STRUCTURES)
    _write_columns(structures, layout.STRUCTURE_FIELDS, structure_columns(result.structures))
    properties = structures.create_group(layout.PROPERTIES)
    _write_columns(properties, layout.PROPERTY_FIELDS, property_columns(result.structures))


def _read_result(file: h5py.File, state: State) -> RunResult:
    group, timings = file[layout.RESULT], file[layout.TIMINGS]
    predictions = file[layout.PREDICTIONS]
    return RunResult(
        outcome=group.attrs["outcome"],
        state=state,
        predictions=tuple(_read_predictions(predictions[str(k)]) for k in range(len(predictions))),
        structures=_read_structures(file[layout.STRUCTURES]),
        timings=dict(zip(_read(timings["name"]), _read(timings["seconds"]).tolist(), strict=True)),
        **{name: _read(group[name]) for name in layout.RESULT_FIELDS},
    )


def _read_structures(group: h5py.Group) -> tuple[StructureOutcome, ...]:
    properties = group[layout.PROPERTIES]
    return outcomes_of(
        {name: _read(group[name]) for name in layout.STRUCTURE_FIELDS},
        {name: _read(properties[name]) for name in layout.PROPERTY_FIELDS},
    )


def _read_predictions(group: h5py.Group) -> Predictions:
    columns: dict[str, Any] = {name: _read(group[name]) for name in layout.PREDICTION_FIELDS}
    columns["groups"] = tuple(columns["groups"])
    return Predictions(source=group.attrs["source"], **columns)


def _write_columns(group: h5py.Group, table: Mapping[str, RunField], columns: Mapping[str, Any]) -> None:
    for name, field in table.items():
        _write(group, name, field, columns[name])


def _write_records(group: h5py.Group, table: Mapping[str, RunField], records: Sequence[Any]) -> None:
    _write_columns(group, table, {name: [getattr(record, name) for record in records] for name in table})


def _read_records(group: h5py.Group, table: Mapping[str, RunField]) -> Iterator[dict[str, Any]]:
    columns = [_read(group[name]).tolist() for name in table]
    return (dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True))


def _write(group: h5py.Group, name: str, field: RunField, value: Any) -> None:
    dtype = None if field.unit else h5py.string_dtype()
    data = np.asarray(value) if field.unit else np.asarray(value, dtype=object)
    group.create_dataset(name, data=data, dtype=dtype).attrs.update(unit=field.unit, shape=field.shape)


def _read(array: h5py.Dataset) -> NDArray[Any]:
    values = array.asstr()[...] if h5py.check_string_dtype(array.dtype) else array[...]
    return np.asarray(values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
