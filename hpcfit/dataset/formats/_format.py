"""The record of a dataset format: how its files are recognised, read and written."""

from __future__ import annotations

import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hpcfit.errors import Fault
from hpcfit.records import Configurations, FloatArray

#: Entry of a frame that holds the largest difference of opposite shear stresses: ASE keeps one of each pair.
ASYMMETRY = "asymmetry of stress"

#: Errors of files that are truncated, not compressed as named, or not text.
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeDecodeError)


@dataclass(frozen=True)
class Frame:
    """One configuration of a source: its place, its default group, and ASE's Atoms."""

    where: str
    group: str
    atoms: Any


@dataclass(frozen=True)
class SourceFile:
    """A file of a source, in a folder or in an archive.

    Parameters
    ----------
    name
        Its name in faults.
    group
        Default group of its configurations.
    open
        Opens its bytes.
    """

    name: str
    group: str
    open: Callable[[], BinaryIO]

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal digits."""
        digest = hashlib.sha256()
        with self.open() as raw:
            while chunk := raw.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()


@dataclass(frozen=True)
class DatasetFormat:
    """A format of datasets.

    Parameters
    ----------
    name
        Of the format.
    suffixes
        File name endings by which it is recognised.
    labels
        Data of a configuration besides cell, species and positions.
    description
        For the manual.
    read
        Yields the configurations of a file, or faults.
    write
        Yields the text of configurations, selected by number; factors on the residuals of energy, forces and stress
        are [n, 3] or None. None for a format that is only imported.
    in_folders
        Whether folders and archives of its files can be imported.
    """

    name: str
    suffixes: tuple[str, ...]
    labels: tuple[str, ...]
    description: str
    read: Callable[[SourceFile], Iterator[Frame | Fault]]
    write: Callable[[Configurations, FloatArray | None, Sequence[int]], Iterator[str]] | None = None
    in_folders: bool = False


def stem(path: Path) -> str:
    """Return the name of a file up to its first dot."""
    return path.name.partition(".")[0]
