"""Hashes of a dataset: the id of a configuration, the content of a file, the checksum of a block."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.dataset.layout import FIELDS, HASH_SIZE
from hpcfit.records import Configurations, DatasetIndex

#: Longest chemical symbol in an id, bytes.
_SYMBOL_SIZE = 8


def content_ids(configurations: Configurations) -> NDArray[np.uint8]:
    """Return the id of each configuration: a hash of its structure and targets, not of its group or weight.

    Parameters
    ----------
    configurations
        All fields but `id` are used.

    Returns
    -------
    NDArray[np.uint8]
        [n, 16], BLAKE2b over cell, pbc, symbols, positions, energy, forces, stress and mask.
    """
    c = configurations
    symbol = np.array(c.symbols, dtype=f"S{_SYMBOL_SIZE}")[c.species]
    ids = np.empty((len(c), HASH_SIZE), dtype=np.uint8)
    for k in range(len(c)):
        atoms = slice(c.ptr[k], c.ptr[k + 1])
        per_configuration = (c.cell[k], c.pbc[k], c.energy[k], c.stress[k], c.mask[k])
        ids[k] = _digest((*per_configuration, symbol[atoms], c.position[atoms], c.force[atoms]))
    return ids


def content_hash(ids: NDArray[np.uint8]) -> str:
    """Return the hash over all configurations' ids [n, 16], in order, as 32 hexadecimal digits."""
    return _digest([ids]).tobytes().hex()


def weights_hash(parts: Iterable[NDArray[np.float64]]) -> str:
    """Return the hash over an array of weights, given in consecutive parts, as 32 hexadecimal digits."""
    return _digest(np.asarray(part, dtype="<f8") for part in parts).tobytes().hex()


def weighting_hash(index: DatasetIndex) -> str:
    """Return the hash of the weights and groups of a dataset, which its content hash does not cover."""
    names = f"{names_checksum(index.groups)} {index.force_weights}"
    arrays: list[NDArray[Any]] = [np.frombuffer(names.encode(), dtype=np.uint8), index.group, index.weight]
    if index.property_weight is not None:
        arrays.append(index.property_weight)
    return _digest(arrays).tobytes().hex()


def block_checksum(configurations: Configurations) -> NDArray[np.uint8]:
    """Return the checksum [16] over the little-endian bytes of all arrays of a block, `ptr` starting at 0."""
    arrays = (getattr(configurations, field.name) for field in FIELDS)
    return _digest(np.asarray(array, dtype=field.dtype) for array, field in zip(arrays, FIELDS, strict=True))


def identity(checksums: NDArray[np.uint8], names: Iterable[str]) -> str:
    """Return the hash of the checksums of all blocks [n_blocks, 16] and of further hashes, as 32 hexadecimal digits."""
    arrays = [checksums, np.frombuffer("\0".join(names).encode(), dtype=np.uint8)]
    return _digest(arrays).tobytes().hex()


def names_checksum(names: Iterable[str]) -> str:
    """Return the hash of a list of names, as 32 hexadecimal digits."""
    return hashlib.blake2b("\0".join(names).encode(), digest_size=HASH_SIZE).hexdigest()


def _digest(arrays: Iterable[NDArray[np.generic]]) -> NDArray[np.uint8]:
    digest = hashlib.blake2b(digest_size=HASH_SIZE)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)
