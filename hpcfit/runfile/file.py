"""A run as an HDF5 file, written and read as a whole; `hpcfit.runfile.layout` defines the names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
from hpcfit.sealed.files import HEAD, SealedFile, SealError, is_sealed
from hpcfit.sealed.hdf5 import content_of, foreign_parts, new_image, open_image
from hpcfit.sealed.unsealed import refuse_misleading

_SOLVER_FIELDS = tuple(field.name for field in fields(SolverState))
_STATE_TYPES = get_type_hints(State) | get_type_hints(SolverState)
del _STATE_TYPES["solver"]

#: Scalar fields of `State`; the others are arrays.
STATE_SCALARS = tuple(name for name, kind in _STATE_TYPES.items() if kind in (bool, int, float, str))

#: Columns of the history from `State`; the outcome is empty in all rows but the last.
HISTORY_COLUMNS = tuple(name for name in (*STATE_SCALARS, "x") if _STATE_TYPES[name] is not str)


class UnreadableRunError(InputError):
    """A run file that is missing or damaged; the previous generation may replace it."""


#: Names of the rows and columns along an axis of `RunField.shape`.
_Names = Mapping[str, Sequence[str]]

#: Errors of h5py on damaged or foreign files.
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError, MemoryError)


def header_image(header: RunHeader, path: str) -> bytes:
    """Return the part that is equal in all generations of the run file `path`, as the content of an HDF5 file."""
    with new_image() as file:
        file.attrs[layout.FORMAT_ATTRIBUTE] = layout.FORMAT
        file.attrs[layout.VERSION_ATTRIBUTE] = layout.VERSION
        _write_header(file, header, os.path.dirname(os.path.abspath(path)))
        return content_of(file)


def run_image(image: bytes, run: StoredRun) -> bytes:
    """Return a run as the content of an HDF5 file, to be sealed.

    Parameters
    ----------
    image
        `header_image` of the run's header; reusing it halves the time of a write.
    """
    names = _names(run.header)
    with open_image(bytes(HEAD) + image, writable=True) as file:
        file.attrs[layout.COMPLETE_ATTRIBUTE] = run.complete
        state = file.create_group(layout.STATE)
        _write_state(state, run.state, names)
        _write_columns(state, layout.VALUE_FIELDS, {"values": run.values}, names)
        _write_columns(state, layout.RELAXED_FIELDS, _relaxed_columns(run.relaxed), names)
        columns = {name: layout.history_field(name) for name in run.history}
        _write_columns(file.create_group(layout.HISTORY), columns, run.history, names)
        if run.result is not None:
            _write_result(file, run, run.result, names)
        return content_of(file)


def _names(header: RunHeader) -> _Names:
    return {
        "n_parameters": [p.path for p in header.parameters],
        "n_varying": [p.path for p in header.parameters if p.varies],
        "n_free": [p.path for p in header.free],
        "n_datasets": [record.id for record in header.datasets],
    }


def read_run(source: str, path: str) -> StoredRun:
    """Return the content of the file `source`, a generation of the run file `path`.

    Raises
    ------
    UnreadableRunError
        If the file is missing or damaged.
    InputError
        If it is not a run file of a known version.
    """
    if not os.path.exists(source):
        raise UnreadableRunError([Fault(source, "no such file")])
    try:
        with _opened(source) as file:
            state = _read_state(file[layout.STATE])
            return StoredRun(
                header=_read_header(file, source),
                state=state,
                values=_read(file[layout.STATE]["values"]),
                history={name: _read(column) for name, column in file[layout.HISTORY].items()},
                result=_read_result(file, state) if file.attrs[layout.COMPLETE_ATTRIBUTE] else None,
                relaxed=_read_relaxed(file[layout.STATE]),
                path=path,
                source=source,
                has_seal=is_sealed(source),
            )
    except _DAMAGE as error:
        raise UnreadableRunError([Fault(source, "run file cannot be read", found=str(error))]) from error


@contextmanager
def _opened(source: str) -> Iterator[h5py.File]:
    """Open a run file, all of whose bytes match their checksums."""
    with ExitStack() as stack:
        sealed = stack.enter_context(SealedFile(source)) if is_sealed(source) else None
        if sealed is None:
            refuse_misleading(source)
        # locks of other programs are respected, file systems without locks accepted
        plain = {} if sealed else {"locking": "best-effort"}
        file = stack.enter_context(h5py.File(sealed or source, "r", **plain))
        _check_format(file, source, sealed is not None)
        if sealed is not None:
            sealed.verify()
        if foreign := foreign_parts(file, os.path.getsize(source)):
            raise SealError(foreign)
        yield file


def _check_format(file: h5py.File, source: str, has_seal: bool) -> None:
    found = file.attrs.get(layout.FORMAT_ATTRIBUTE, "another kind of HDF5 file")
    if found != layout.FORMAT:
        raise InputError([Fault(source, "not a run file", str(found), layout.FORMAT)])
    version = file.attrs[layout.VERSION_ATTRIBUTE]
    if version not in layout.READABLE:
        allowed = " or ".join(str(number) for number in layout.READABLE)
        raise InputError([Fault(source, "run file of another version", str(version), allowed)])
    if version == layout.VERSION and not has_seal:
        raise SealError("its seal is missing")


def _write_header(file: h5py.File, header: RunHeader, folder: str) -> None:
    job = file.create_group(layout.JOB)
    job.attrs.update(
        name=header.job_name,
        path=os.path.abspath(header.job_path),
        relative_path=os.path.relpath(header.job_path, folder),
        hash=header.job_hash,
    )
    names = _names(header)
    _write_columns(job, layout.JOB_FIELDS, {"text": header.job_text}, names)
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
    _write_columns(about, layout.RUN_FIELDS, {"hosts": header.hosts}, names)
    file.create_group(layout.VERSIONS).attrs.update(header.versions)
    file.create_group(layout.SOLVER).attrs.update(header.options)
    _write_records(file.create_group(layout.DATASETS), layout.DATASET_FIELDS, header.datasets, names)
    _write_records(file.create_group(layout.PARAMETERS), layout.PARAMETER_FIELDS, header.parameters, names)


def _read_header(file: h5py.File, source: str) -> RunHeader:
    job, about = file[layout.JOB], file[layout.RUN].attrs
    datasets = _read_records(file[layout.DATASETS], layout.DATASET_FIELDS)
    parameters = _read_records(file[layout.PARAMETERS], layout.PARAMETER_FIELDS)
    return RunHeader(
        job_name=job.attrs["name"],
        job_path=_job_path(job.attrs, source),
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


def _write_state(group: h5py.Group, state: State, names: _Names) -> None:
    for name, value in state_values(state).items():
        if name in STATE_SCALARS:
            group.attrs[layout.stored_name(name)] = value
        else:
            _write(group, name, layout.state_field(name), value, names)


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


def _write_result(file: h5py.File, run: StoredRun, result: RunResult, names: _Names) -> None:
    group = file.create_group(layout.RESULT)
    group.attrs["outcome"] = result.outcome
    _write_columns(group, layout.RESULT_FIELDS, vars(result), names)
    timings = {"name": list(result.timings), "seconds": list(result.timings.values())}
    phases = {"n_phases": list(result.timings)}
    _write_columns(file.create_group(layout.TIMINGS), layout.TIMING_FIELDS, timings, phases)
    final = {
        "final": run.values,
        "standard_error": standard_errors(run.header.parameters, result.covariance),
    }
    _write_columns(file[layout.PARAMETERS], layout.FINAL_FIELDS, final, names)
    predictions = file.create_group(layout.PREDICTIONS)
    for k, prediction in enumerate(result.predictions):
        group = predictions.create_group(layout.dataset_name(prediction.source))
        group.attrs.update(source=prediction.source, number=k)
        _write_columns(
            group, layout.PREDICTION_FIELDS, vars(prediction), {"n_groups": list(prediction.groups)}
        )
    _write_structures(file.create_group(layout.STRUCTURES), result.structures)


def _write_structures(group: h5py.Group, outcomes: Sequence[StructureOutcome]) -> None:
    own = {
        "n_structures": [outcome.id for outcome in outcomes],
        "n_properties": [f"{outcome.id}: {prop.name}" for outcome in outcomes for prop in outcome.properties],
    }
    _write_columns(group, layout.STRUCTURE_FIELDS, structure_columns(outcomes), own)
    properties = group.create_group(layout.PROPERTIES)
    _write_columns(properties, layout.PROPERTY_FIELDS, property_columns(outcomes), own)


def _read_result(file: h5py.File, state: State) -> RunResult:
    group, timings = file[layout.RESULT], file[layout.TIMINGS]
    # in the order of the job; version 5 has the number for a name
    predictions = sorted(
        file[layout.PREDICTIONS].items(), key=lambda item: int(item[1].attrs.get("number", item[0]))
    )
    return RunResult(
        outcome=group.attrs["outcome"],
        state=state,
        predictions=tuple(_read_predictions(own) for _, own in predictions),
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
    # earlier versions do not tell what is fitted
    columns: dict[str, Any] = {
        name: _read(group[name]) for name in layout.PREDICTION_FIELDS if name in group or name != "fitted"
    }
    columns["groups"] = tuple(columns["groups"])
    return Predictions(source=group.attrs["source"], **columns)


def _write_columns(
    group: h5py.Group, table: Mapping[str, RunField], columns: Mapping[str, Any], names: _Names
) -> None:
    for name, field in table.items():
        _write(group, name, field, columns[name], names)


def _write_records(
    group: h5py.Group, table: Mapping[str, RunField], records: Sequence[Any], names: _Names
) -> None:
    columns = {name: [getattr(record, name) for record in records] for name in table}
    _write_columns(group, table, columns, names)


def _read_records(group: h5py.Group, table: Mapping[str, RunField]) -> Iterator[dict[str, Any]]:
    columns = [_read(group[name]).tolist() for name in table]
    return (dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True))


def _write(group: h5py.Group, name: str, field: RunField, value: Any, names: _Names) -> None:
    text = h5py.string_dtype()
    data = np.asarray(value) if field.unit else np.asarray(value, dtype=object)
    array = group.create_dataset(name, data=data, dtype=None if field.unit else text)
    array.attrs.update(unit=field.unit, shape=field.shape, description=field.description)
    for axis, size, label in zip(field.shape.split(", "), data.shape, ("rows", "columns"), strict=False):
        if size and size == len(names.get(axis, ())):
            array.attrs.create(label, list(names[axis]), dtype=text)


def _read(array: h5py.Dataset) -> NDArray[Any]:
    values = array.asstr()[...] if h5py.check_string_dtype(array.dtype) else array[...]
    return np.asarray(values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
