"""Checks that an HDF5 file follows the layout of datasets; every deviation is one fault."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from hpcfit.dataset.hashing import names_checksum
from hpcfit.dataset.layout import (
    BLOCK_FIELDS,
    BLOCK_STOP,
    CHECKSUM_ATTRIBUTE,
    CONTENT_ATTRIBUTE,
    ENERGY_KIND_ATTRIBUTE,
    FIELDS,
    FORMAT,
    FORMAT_ATTRIBUTE,
    GROUP,
    OPTIONAL_FIELDS,
    PROVENANCE,
    SPECIES,
    VERSION,
    VERSION_ATTRIBUTE,
    Field,
)
from hpcfit.errors import Fault
from hpcfit.sealed.hdf5 import foreign_parts


def layout_faults(file: Any, name: str, size: int) -> list[Fault]:
    """Return all deviations of an open file from the layout.

    Parameters
    ----------
    file
        An open h5py file.
    name
        Name of the file in faults.
    size
        Bytes of the file.
    """
    marks = _mark_faults(file, name)
    if marks:
        return marks
    if foreign := foreign_parts(file, size):
        return [Fault(name, "not stored in the file itself", foreign, "arrays within the file")]
    faults = _attribute_faults(file, name)
    for field in FIELDS + BLOCK_FIELDS + _present(file):
        faults += _field_faults(file, name, field)
    for path in (SPECIES, GROUP, PROVENANCE):
        faults += _list_faults(file, name, path)
    if not faults:
        faults = _offset_faults(file, name)
    return faults or _length_faults(file, name)


def _present(file: Any) -> tuple[Field, ...]:
    return tuple(field for field in OPTIONAL_FIELDS if field.path in file)


def _mark_faults(file: Any, name: str) -> list[Fault]:
    mark = file.attrs.get(FORMAT_ATTRIBUTE)
    if mark != FORMAT:
        found = "no such attribute" if mark is None else repr(mark)
        return [Fault(name, f"not a dataset: attribute {FORMAT_ATTRIBUTE!r}", found, repr(FORMAT))]
    version = file.attrs.get(VERSION_ATTRIBUTE)
    if version != VERSION:
        return [Fault(name, "format version of the dataset", str(version), str(VERSION))]
    return []


def _attribute_faults(file: Any, name: str) -> list[Fault]:
    wanted = (CONTENT_ATTRIBUTE, ENERGY_KIND_ATTRIBUTE)
    return [Fault(name, f"attribute {key!r} is missing") for key in wanted if key not in file.attrs]


def _field_faults(file: Any, name: str, field: Field) -> list[Fault]:
    dataset = file.get(field.path)
    where = f"{name}: /{field.path}"
    if not isinstance(dataset, h5py.Dataset):
        return [Fault(where, "array is missing")]
    faults = []
    if dataset.dtype != np.dtype(field.dtype):
        faults.append(Fault(where, "wrong type", str(dataset.dtype), str(np.dtype(field.dtype))))
    if dataset.ndim != 1 + len(field.shape) or dataset.shape[1:] != field.shape:
        faults.append(_shape_fault(where, dataset, field, "n_atoms" if field.per_atom else "n"))
    return faults


def _list_faults(file: Any, name: str, path: str) -> list[Fault]:
    dataset = file.get(path)
    where = f"{name}: /{path}"
    if not isinstance(dataset, h5py.Dataset):
        return [Fault(where, "list is missing")]
    if dataset.ndim != 1:
        return [Fault(where, "wrong shape", str(dataset.shape), "one dimension")]
    if path == PROVENANCE:
        return []
    if h5py.check_string_dtype(dataset.dtype) is None:
        return [Fault(where, "wrong type", str(dataset.dtype), "strings")]
    stated = dataset.attrs.get(CHECKSUM_ATTRIBUTE)
    actual = names_checksum(dataset.asstr()[:])
    if stated != actual:
        return [Fault(where, "checksum of the names does not match", actual, str(stated))]
    return []


def _offset_faults(file: Any, name: str) -> list[Fault]:
    ptr = file["config/ptr"][:]
    where = f"{name}: /config/ptr"
    if len(ptr) < 2:
        return [Fault(where, "no configurations")]
    if ptr[0] != 0:
        return [Fault(where, "must start at 0", str(ptr[0]))]
    falls = np.flatnonzero(np.diff(ptr) <= 0)
    if len(falls):
        k = falls[0]
        return [Fault(where, f"must increase, at configuration {k}", f"{ptr[k]} then {ptr[k + 1]}")]
    stops = file[BLOCK_STOP][:]
    if len(stops) == 0 or np.any(np.diff(stops, prepend=0) <= 0) or stops[-1] != len(ptr) - 1:
        return [
            Fault(
                f"{name}: /{BLOCK_STOP}", "must increase to the number of configurations", str(stops.tolist())
            )
        ]
    return []


def _length_faults(file: Any, name: str) -> list[Fault]:
    ptr, n_blocks = file["config/ptr"], len(file[BLOCK_STOP])
    n, n_atoms = len(ptr) - 1, int(ptr[-1])
    faults = []
    for field in FIELDS + BLOCK_FIELDS + _present(file):
        length = (
            n_atoms if field.per_atom else n_blocks if field in BLOCK_FIELDS else n + (field.name == "ptr")
        )
        if len(file[field.path]) != length:
            faults.append(_shape_fault(f"{name}: /{field.path}", file[field.path], field, str(length)))
    return faults


def _shape_fault(where: str, dataset: Any, field: Field, length: str) -> Fault:
    found = ", ".join(str(n) for n in dataset.shape)
    allowed = ", ".join([length, *(str(n) for n in field.shape)])
    return Fault(where, "wrong shape", f"[{found}]", f"[{allowed}]")
