"""The HDF5 layout of a dataset: the one place that knows names, shapes, units, chunks and version.

``/config`` holds one row per configuration (``ptr`` one more), ``/atom`` one row per atom, ``/species`` and
``/group`` the names to which integers refer, ``/block`` a checksum per run of configurations and
``/provenance`` one row per import. The arrays are those of `hpcfit.records.Configurations`. The file is sealed
(`hpcfit.sealed`): nothing in it reaches HDF5 or a fit before its checksum was compared. Files of earlier versions have
no seal; of these readers compare the checksums of the blocks that they read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import h5py
import numpy as np

FORMAT = "hpcfit dataset"
VERSION = 1

#: Attributes of the root.
FORMAT_ATTRIBUTE = "format"
VERSION_ATTRIBUTE = "format version"
CONTENT_ATTRIBUTE = "content"
ENERGY_KIND_ATTRIBUTE = "energy kind"

#: Attribute of a list of names: the hash of the names, since filters do not cover strings. Attribute of optional
#: weights: the hash over all rows, by which a run recognises them without reading them.
CHECKSUM_ATTRIBUTE = "checksum"

SPECIES = "species"
GROUP = "group"
BLOCK_STOP = "block/stop"
BLOCK_CHECKSUM = "block/checksum"
PROVENANCE = "provenance"

#: Most configurations under one checksum: small enough to locate damage.
BLOCK = 1024

_ATOM_CHUNK = 16384
_CONFIG_CHUNK = 4096

#: Bytes of a content hash and of a checksum.
HASH_SIZE = 16

_TEXT = h5py.string_dtype()


@dataclass(frozen=True)
class Field:
    """One array of the layout; its last path component is the attribute of `Configurations`.

    Parameters
    ----------
    path
        Name in the file.
    dtype
        Element type, as NumPy writes it.
    shape
        Shape of one row.
    unit
        Unit of the values; empty for pure numbers.
    description
        Stored in the file, for readers that have only the file.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    unit: str
    description: str

    @property
    def name(self) -> str:
        """The attribute of `Configurations` that this array holds."""
        return self.path.rpartition("/")[2]

    @property
    def per_atom(self) -> bool:
        """Whether the array has one row per atom."""
        return self.path.startswith("atom/")


FIELDS = (
    Field("config/ptr", "<i8", (), "", "atoms of configuration k are rows ptr[k]:ptr[k+1] of /atom"),
    Field("config/cell", "<f8", (3, 3), "Angstrom", "rows are the cell vectors, zero where there is none"),
    Field("config/pbc", "?", (3,), "", "periodic along each cell vector"),
    Field("config/energy", "<f8", (), "eV", "total energy, NaN where missing"),
    Field(
        "config/stress",
        "<f8",
        (6,),
        "eV/Angstrom^3",
        "tension positive, order xx yy zz yz xz xy, NaN where missing",
    ),
    Field("config/mask", "|u1", (), "", "missing targets: 1 energy, 2 forces, 4 stress"),
    Field("config/group", "<i4", (), "", "counts into /group"),
    Field("config/weight", "<f8", (), "", "the configuration's own weight"),
    Field("config/id", "|u1", (HASH_SIZE,), "", "BLAKE2b of cell, pbc, symbols, positions, targets and mask"),
    Field("atom/species", "<i4", (), "", "counts into /species"),
    Field("atom/position", "<f8", (3,), "Angstrom", "Cartesian"),
    Field("atom/force", "<f8", (3,), "eV/Angstrom", "Cartesian, NaN where missing"),
)

#: Optional arrays.
PROPERTY_WEIGHT, FORCE_WEIGHT = "config/property_weight", "atom/force_weight"
OPTIONAL_FIELDS = (
    Field(PROPERTY_WEIGHT, "<f8", (3,), "", "factors on the residuals of energy, forces, stress"),
    Field(FORCE_WEIGHT, "<f8", (), "", "factors on the residuals of the atom's forces"),
)

#: The arrays of ``/block``.
BLOCK_FIELDS = (
    Field(BLOCK_STOP, "<i8", (), "", "the configuration after the last of the block"),
    Field(
        BLOCK_CHECKSUM,
        "|u1",
        (HASH_SIZE,),
        "",
        "BLAKE2b over the block's rows of all arrays in /config and /atom",
    ),
)


@dataclass(frozen=True)
class Provenance:
    """Where configurations came from: a row of ``/provenance``.

    Parameters
    ----------
    source
        The imported file or folder, as given.
    sha256
        Its SHA-256; of a folder or an archive, over the names and contents of the files read.
    options
        Options of the import, JSON.
    date
        ISO 8601, UTC.
    version
        Version of hpcfit that wrote the rows.
    """

    source: str
    sha256: str
    options: str
    date: str
    version: str


def create(file: Any) -> None:
    """Create an empty dataset in an open, empty HDF5 file."""
    file.attrs[FORMAT_ATTRIBUTE] = FORMAT
    file.attrs[VERSION_ATTRIBUTE] = VERSION
    file.attrs[CONTENT_ATTRIBUTE] = ""
    file.attrs[ENERGY_KIND_ATTRIBUTE] = ""
    for field in FIELDS + BLOCK_FIELDS:
        create_array(file, field)
    # ptr has one more row than there are configurations.
    file["config/ptr"].resize(1, axis=0)
    for name in (SPECIES, GROUP):
        file.create_dataset(name, (0,), _TEXT, maxshape=(None,), chunks=(64,))
    row = np.dtype([(field.name, _TEXT) for field in fields(Provenance)])
    file.create_dataset(PROVENANCE, (0,), row, maxshape=(None,), chunks=(16,))


def create_array(file: Any, field: Field) -> None:
    """Create an array without rows."""
    rows = _ATOM_CHUNK if field.per_atom else _CONFIG_CHUNK
    dataset = file.create_dataset(
        field.path,
        (0, *field.shape),
        np.dtype(field.dtype),
        maxshape=(None, *field.shape),
        chunks=(rows, *field.shape),
        shuffle=True,
        compression="gzip",
        compression_opts=1,
        fletcher32=True,
        fillvalue=_fill(field),
    )
    dataset.attrs["description"] = field.description
    if field.unit:
        dataset.attrs["unit"] = field.unit
    if field.name == "stress":
        dataset.attrs["sign"] = "tension positive"
        dataset.attrs["order"] = "xx yy zz yz xz xy"


def _fill(field: Field) -> float | None:
    return math.nan if field.dtype == "<f8" else None
