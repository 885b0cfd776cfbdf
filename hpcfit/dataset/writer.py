"""Writes datasets: a new file, or configurations appended to one; the replacement of the file is atomic."""

from __future__ import annotations

import itertools
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.dataset.checks import defects
from hpcfit.dataset.hashing import block_checksum, content_hash, names_checksum, weights_hash
from hpcfit.dataset.layout import (
    BLOCK,
    BLOCK_CHECKSUM,
    BLOCK_STOP,
    CHECKSUM_ATTRIBUTE,
    CONTENT_ATTRIBUTE,
    ENERGY_KIND_ATTRIBUTE,
    FIELDS,
    GROUP,
    OPTIONAL_FIELDS,
    PROVENANCE,
    SPECIES,
    Field,
    Provenance,
    create,
    create_array,
)
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.replacing import refuse_existing, replacing
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, FloatArray
from hpcfit.sealed.files import SealedFile, copy_content, seal
from hpcfit.sealed.hdf5 import checked


def write(
    path: str | Path,
    configurations: Configurations,
    provenance: Provenance,
    energy_kind: str,
    *,
    overwrite: bool = False,
    property_weight: FloatArray | None = None,
) -> None:
    """Write configurations to a new file.

    Parameters
    ----------
    path
        The file to write.
    configurations
        At least one, with the ids of `hpcfit.dataset.hashing.content_ids`.
    provenance
        Where they came from.
    energy_kind
        Kind of the energies, as in ``energy`` or ``free_energy``; empty without energies.
    overwrite
        Whether to replace an existing file.
    property_weight
        [n, 3], factors on the residuals of energy, forces and stress.

    Raises
    ------
    InputError
        When the file exists, cannot be written, or the configurations have defects.
    """
    target = Path(path)
    refuse_existing(target, overwrite)
    _refuse_defects(configurations, provenance.source)
    with replacing(target) as temporary:
        with checked(str(temporary), "w") as file:
            create(file)
            file.attrs[ENERGY_KIND_ATTRIBUTE] = energy_kind
            _extend(file, configurations, provenance, property_weight)
            _state_hashes(file)
        seal(str(temporary))


def append(
    path: str | Path,
    configurations: Configurations,
    provenance: Provenance,
    energy_kind: str,
    property_weight: FloatArray | None = None,
) -> None:
    """Append configurations to a file, whose every byte is verified; the old file stays until the new one is complete.

    A file without a seal gets one. Parameters are those of `write`.

    Raises
    ------
    InputError
        When the file is not a dataset, its energies are of another kind, it cannot be written, or the
        configurations have defects.
    """
    target = Path(path)
    _refuse_defects(configurations, provenance.source)
    with Dataset(target) as dataset:
        old_kind = dataset.energy_kind
    if old_kind and energy_kind and energy_kind != old_kind:
        raise InputError([Fault(str(path), "energies of another kind", energy_kind, old_kind)])
    with replacing(target) as temporary:
        _copy(target, temporary)
        with checked(str(temporary), "r+") as file:
            file.attrs[ENERGY_KIND_ATTRIBUTE] = old_kind or energy_kind
            _extend(file, configurations, provenance, property_weight)
            _state_hashes(file)
        seal(str(temporary))


def _copy(source: Path, target: Path) -> None:
    """Write a verified copy of a dataset, without its seal, in the present layout."""
    with Dataset(source) as dataset:
        if not dataset.is_sealed:
            _write_again(dataset, target)
            return
    with SealedFile(str(source)) as sealed:
        copy_content(sealed, str(target))


def _write_again(dataset: Dataset, target: Path) -> None:
    """Write a dataset of the old layout in the present one, block by block, each compared with its checksum."""
    index = dataset.index()
    ends, _ = dataset.blocks()
    with checked(str(target), "w") as file:
        create(file)
        file.attrs[ENERGY_KIND_ATTRIBUTE] = dataset.energy_kind
        for path, names in ((SPECIES, dataset.symbols), (GROUP, dataset.groups)):
            _merge_names(file[path], names)
        for first, stop in itertools.pairwise([0, *ends.tolist()]):
            configurations = dataset.read(first, stop)
            weights = None if index.property_weight is None else index.property_weight[first:stop]
            _extend(file, configurations, None, weights)
        rows = [astuple(row) for row in dataset.provenance()]
        _append_rows(file[PROVENANCE], np.array(rows, dtype=file[PROVENANCE].dtype))


def _refuse_defects(configurations: Configurations, source: str) -> None:
    if len(configurations) == 0:
        raise InputError([Fault(source, "no configurations")])
    found = defects(configurations)
    if found:
        raise InputError([defect.fault(source) for defect in found])


def _extend(
    file: Any,
    configurations: Configurations,
    provenance: Provenance | None,
    property_weight: FloatArray | None = None,
) -> None:
    n, n_atoms = len(file["config/id"]), len(file["atom/species"])
    species = _merge_names(file[SPECIES], configurations.symbols)
    group = _merge_names(file[GROUP], configurations.groups)
    new = replace(configurations, species=species[configurations.species], group=group[configurations.group])
    for field in FIELDS:
        values = getattr(new, field.name)
        _append_rows(file[field.path], values[1:] + n_atoms if field.name == "ptr" else values)
    for field, weights in zip(OPTIONAL_FIELDS, (property_weight, configurations.force_weight), strict=True):
        _append_weights(
            file, field, weights, *((n_atoms, len(new.position)) if field.per_atom else (n, len(new)))
        )
    # An import starts a new block, so that checksums are never recomputed over old, possibly damaged rows.
    for start in range(0, len(new), BLOCK):
        stop = min(start + BLOCK, len(new))
        _append_rows(file[BLOCK_STOP], [n + stop])
        _append_rows(file[BLOCK_CHECKSUM], [block_checksum(_slice(new, start, stop))])
    if provenance is not None:
        _append_rows(file[PROVENANCE], np.array([astuple(provenance)], dtype=file[PROVENANCE].dtype))


def _state_hashes(file: Any) -> None:
    """Store the hashes by which a run recognises the content."""
    file.attrs[CONTENT_ATTRIBUTE] = content_hash(file["config/id"][:])
    for field in OPTIONAL_FIELDS:
        if field.path in file:
            file[field.path].attrs[CHECKSUM_ATTRIBUTE] = weights_hash([file[field.path][:]])


def _slice(configurations: Configurations, start: int, stop: int) -> Configurations:
    ptr = configurations.ptr[start : stop + 1]
    atoms, rows = slice(ptr[0], ptr[-1]), slice(start, stop)
    arrays = {
        field.name: getattr(configurations, field.name)[atoms if field.per_atom else rows]
        for field in FIELDS
        if field.name != "ptr"
    }
    return replace(configurations, ptr=ptr - ptr[0], **arrays)


def _merge_names(dataset: Any, names: tuple[str, ...]) -> NDArray[np.int32]:
    """Add new names to the file's list and return the index of each of `names`."""
    stored = list(dataset.asstr()[:])
    stored += [name for name in names if name not in stored]
    dataset.resize(len(stored), axis=0)
    dataset[:] = stored
    dataset.attrs[CHECKSUM_ATTRIBUTE] = names_checksum(stored)
    return np.array([stored.index(name) for name in names], dtype=np.int32)


def _append_weights(file: Any, field: Field, weights: FloatArray | None, n_old: int, n_new: int) -> None:
    """Add weights to an optional array; configurations without weights have 1."""
    if weights is None and field.path not in file:
        return
    if field.path not in file:
        create_array(file, field)
        _append_rows(file[field.path], np.ones((n_old, *field.shape)))
    stored = file[field.path]
    _append_rows(stored, np.ones((n_new, *field.shape)) if weights is None else weights)


def _append_rows(dataset: Any, rows: Any) -> None:
    n = len(dataset)
    dataset.resize(n + len(rows), axis=0)
    dataset[n:] = rows
