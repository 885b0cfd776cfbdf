"""Reads datasets: every rank opens the file read-only and reads its own contiguous slices."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hpcfit.dataset.checks import defects
from hpcfit.dataset.hashing import block_checksum, content_hash, identity, weights_hash
from hpcfit.dataset.inspection import layout_faults
from hpcfit.dataset.layout import (
    BLOCK_CHECKSUM,
    BLOCK_STOP,
    CHECKSUM_ATTRIBUTE,
    CONTENT_ATTRIBUTE,
    ENERGY_KIND_ATTRIBUTE,
    FIELDS,
    FORCE_WEIGHT,
    GROUP,
    OPTIONAL_FIELDS,
    PROPERTY_WEIGHT,
    PROVENANCE,
    SPECIES,
    Field,
    Provenance,
)
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, DatasetIndex, IntArray
from hpcfit.sealed.files import SealedFile, is_sealed
from hpcfit.sealed.unsealed import refuse_misleading

#: Rows of weights in memory at a time.
_ROWS = 1 << 20

#: Errors of h5py on damaged files.
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError)


class Dataset:
    """A dataset open for reading; a context manager.

    Parameters
    ----------
    path
        The HDF5 file.
    name
        Name of the file in errors; `path` if empty.
    identity
        As `index` returned it before, to refuse a file that replaces the one of then; empty to take any.

    Raises
    ------
    InputError
        On entering, with every deviation from the layout.
    """

    def __init__(self, path: str | Path, name: str = "", identity: str = "") -> None:
        self.name = name or str(path)
        self._path = Path(path)
        self._expected = identity
        self._verified: set[int] = set()  # blocks of a file without a seal

    def __enter__(self) -> Dataset:
        self._open = ExitStack()
        #: Open arrays by path: opening one takes as long as reading a small slice.
        self._arrays: dict[str, Any] = {}
        try:
            self._file = self._opened()
            if faults := layout_faults(self._file, self.name, os.path.getsize(self._path)):
                raise InputError(faults)
            self.ptr: IntArray = self._file["config/ptr"][:]
            self.symbols = self._names(SPECIES)
            self.groups = self._names(GROUP)
            self.energy_kind = str(self._file.attrs[ENERGY_KIND_ATTRIBUTE])
            self.identity = self._identity()
        except _DAMAGE as error:
            self._open.close()
            raise self._damage(error) from error
        except BaseException:
            self._open.close()
            raise
        if self._expected not in ("", self.identity):
            self._open.close()
            what = "dataset was replaced while it was in use"
            raise InputError([Fault(self.name, what, f"hash {self.identity}", f"hash {self._expected}")])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._arrays.clear()
        self._open.close()

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def index(self) -> DatasetIndex:
        """Return the per-configuration arrays that every rank needs.

        Raises
        ------
        InputError
            When the file is damaged, or the hash of its ids does not match.
        """
        content = str(self._file.attrs[CONTENT_ATTRIBUTE])
        if not self.is_sealed and content != (found := content_hash(self.ids())):
            raise InputError(
                [Fault(f"{self.name}: /config/id", "hash of the ids does not match", found, content)]
            )
        return DatasetIndex(
            path=self.name,
            content=content,
            symbols=self.symbols,
            groups=self.groups,
            ptr=self.ptr,
            mask=self._array("config/mask"),
            group=self._array("config/group"),
            weight=self._array("config/weight"),
            property_weight=self._optional(PROPERTY_WEIGHT, slice(None)),
            force_weights=self.weights_hash(FORCE_WEIGHT),
            identity=self.identity,
        )

    def read(self, start: int, stop: int) -> Configurations:
        """Return the configurations ``start:stop``, with `ptr` starting at 0.

        Parameters
        ----------
        start, stop
            0 <= start <= stop <= number of configurations.

        Raises
        ------
        InputError
            When the file is damaged, or a number in it is not finite, or an index out of range.
        """
        if not self.is_sealed:
            self._verify_blocks(start, stop)
        configurations = self.read_unchecked(start, stop)
        found = defects(configurations)
        if found:
            raise InputError([defect.fault(self.name, start) for defect in found])
        return configurations

    def read_unchecked(self, start: int, stop: int) -> Configurations:
        """Return the configurations ``start:stop`` without checking their numbers, for `validate`.

        Raises
        ------
        InputError
            When the file is damaged.
        """
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"configurations {start}:{stop} of {len(self)}")
        ptr = self.ptr[start : stop + 1]
        atoms, rows = slice(ptr[0], ptr[-1]), slice(start, stop)

        def part(field: Field) -> NDArray[Any]:
            return self._array(field.path, atoms if field.per_atom else rows)

        arrays = {field.name: part(field) for field in FIELDS if field.name != "ptr"}
        return Configurations(
            symbols=self.symbols,
            groups=self.groups,
            ptr=ptr - ptr[0],
            force_weight=self._optional(FORCE_WEIGHT, atoms),
            **arrays,
        )

    def _verify_blocks(self, start: int, stop: int) -> None:
        """Compare the checksums of the blocks that hold ``start:stop``: without a seal nothing else is sure."""
        ends, checksums = self.blocks()
        for k in range(int(np.searchsorted(ends, start, "right")), len(ends)):
            first = int(ends[k - 1]) if k else 0
            if first >= stop:
                break
            if k in self._verified:
                continue
            if not np.array_equal(block_checksum(self.read_unchecked(first, int(ends[k]))), checksums[k]):
                where = f"{self.name}: configurations {first} to {ends[k] - 1}"
                raise InputError(
                    [Fault(where, "checksum does not match: damaged or changed by another program")]
                )
            self._verified.add(k)

    def ids(self) -> NDArray[np.uint8]:
        """Return the ids [n, 16] of all configurations."""
        return self._array("config/id")

    def weights_hash(self, path: str, stated: bool = True) -> str:
        """Return the hash of optional weights, empty if the dataset has none.

        Parameters
        ----------
        path
            Of the array.
        stated
            Whether to use the hash stored in a sealed file if there is one; otherwise the weights are read.

        Raises
        ------
        InputError
            When the file is damaged.
        """
        if path not in self._file:
            return ""
        array = self._file[path]
        if stated and self.is_sealed and CHECKSUM_ATTRIBUTE in array.attrs:
            return str(array.attrs[CHECKSUM_ATTRIBUTE])
        starts = range(0, len(array), _ROWS)
        return weights_hash(self._array(path, slice(start, start + _ROWS)) for start in starts)

    def blocks(self) -> tuple[IntArray, NDArray[np.uint8]]:
        """Return the end of each block of configurations [n_blocks] and its checksum [n_blocks, 16]."""
        return self._array(BLOCK_STOP), self._array(BLOCK_CHECKSUM)

    def provenance(self) -> tuple[Provenance, ...]:
        """Return one row per import, oldest first."""
        rows = self._array(PROVENANCE)
        return tuple(Provenance(**{f.name: row[f.name].decode() for f in fields(Provenance)}) for row in rows)

    def _opened(self) -> Any:
        if not self._path.exists():
            raise InputError([Fault(self.name, "file does not exist")])
        try:
            self.is_sealed = is_sealed(str(self._path))
            if self.is_sealed:
                self._sealed = self._open.enter_context(SealedFile(str(self._path)))
                return self._open.enter_context(h5py.File(self._sealed, "r"))
            if not self._expected:
                refuse_misleading(str(self._path))
            # Locks of other programs are respected; file systems without locks are accepted.
            return self._open.enter_context(h5py.File(self._path, "r", locking="best-effort"))
        except OSError as error:
            raise InputError([Fault(self.name, "cannot be read as HDF5", _reason(error))]) from error

    def _identity(self) -> str:
        if self.is_sealed:
            return self._sealed.seal
        stated = [str(self._file.attrs[CONTENT_ATTRIBUTE]), *self.symbols, *self.groups]
        weights = [self.weights_hash(field.path) for field in OPTIONAL_FIELDS]
        return identity(self._array(BLOCK_CHECKSUM), [*stated, *weights])

    def seal_faults(self) -> list[Fault]:
        """Return the first byte range of a sealed file that is damaged, found by reading all of it."""
        try:
            if self.is_sealed:
                self._sealed.verify()
        except OSError as error:
            return [Fault(self.name, str(error))]
        return []

    def _names(self, path: str) -> tuple[str, ...]:
        return tuple(self._file[path].asstr()[:])

    def _array(self, path: str, rows: slice = slice(None)) -> NDArray[Any]:
        try:
            if path not in self._arrays:
                self._arrays[path] = self._file[path]
            array: NDArray[Any] = self._arrays[path][rows]
        except _DAMAGE as error:
            raise self._damage(error, path) from error
        return array

    def _optional(self, path: str, rows: slice) -> NDArray[np.float64] | None:
        return self._array(path, rows) if path in self._file else None

    def _damage(self, error: Exception, path: str = "") -> InputError:
        where = f"{self.name}: /{path}" if path else self.name
        what = "cannot be read, the file is damaged or was changed by another program"
        return InputError([Fault(where, what, _reason(error))])


def _reason(error: Exception) -> str:
    """Return the reason in an HDF5 message, without the name of the failing call."""
    inner = re.search(r"\((.*)\)", str(error), re.DOTALL)
    return inner.group(1) if inner else str(error)
