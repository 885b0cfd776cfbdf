"""Frames of foreign files as ASE sees them: extxyz, a folder or archive of such files, an ASE database.

Only importing needs this file, and with it ASE; a fit never does.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sqlite3
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TextIO

import ase.db
import numpy as np
from ase.data import chemical_symbols
from ase.io.extxyz import key_val_str_to_dict, read_xyz

from hpcfit.errors import Fault, InputError, nearest

_XYZ = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_DATABASE = (".db",)

#: Entry of a frame that holds the largest difference of opposite shear stresses: ASE keeps one of each pair.
ASYMMETRY = "asymmetry of stress"

#: What reading a file raises when it is truncated, not compressed as named, or not text.
_UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError)


#: Text of a comment line to its entries by name, as ASE understands it.
parse_entries: Callable[[str], dict[str, Any]] = key_val_str_to_dict

_connect: Callable[[Path], Any] = ase.db.connect


@dataclass(frozen=True)
class Frame:
    """One configuration of a source: where it stands, its group when the file names none, and ASE's Atoms."""

    where: str
    group: str
    atoms: Any


@dataclass(frozen=True)
class Source:
    """An opened source.

    Parameters
    ----------
    frames
        Its configurations in order; what cannot be read comes as a fault.
    skipped
        Names of files in a folder or archive that are not configurations.
    sha256
        Of the file; of a folder or archive, over the names and contents of the files read.
    """

    frames: Iterator[Frame | Fault]
    skipped: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class _File:
    name: str
    group: str
    open: Callable[[], BinaryIO]


def open_source(path: Path) -> Source:
    """Open a source; its kind is told by its name.

    Raises
    ------
    InputError
        When it does not exist, is of no known kind, or holds no file of configurations.
    """
    if not path.exists():
        raise InputError([Fault(str(path), "file does not exist")])
    if path.is_dir():
        return _collection(path, _folder_files(path))
    if path.name.endswith(_TAR):
        return _collection(path, _archive_files(path))
    file = _file(str(path), _stem(path), path)
    if path.name.endswith(_XYZ):
        return Source(_xyz_frames([file]), (), _sha256(file))
    if path.name.endswith(_DATABASE):
        return Source(_database_frames(path), (), _sha256(file))
    raise InputError(
        [Fault(str(path), "unknown kind of source", path.suffix, ", ".join(_XYZ + _TAR + _DATABASE))]
    )


def _collection(path: Path, files: list[_File]) -> Source:
    files = sorted(files, key=lambda file: file.name)
    taken = [file for file in files if _is_xyz(file.name)]
    skipped = tuple(file.name for file in files if not _is_xyz(file.name))
    if not taken:
        raise InputError([Fault(str(path), "no file of configurations in it", allowed=", ".join(_XYZ))])
    digest = hashlib.sha256()
    for file in taken:
        digest.update(file.name.encode() + b"\0" + bytes.fromhex(_sha256(file)))
    return Source(_xyz_frames(taken), skipped, digest.hexdigest())


def _is_xyz(name: str) -> bool:
    last = PurePosixPath(name).name
    return last.endswith(_XYZ) and not last.startswith(".")


def _file(name: str, group: str, path: Path) -> _File:
    return _File(name, group, lambda: path.open("rb"))


def _folder_files(path: Path) -> list[_File]:
    folder = path.resolve()
    found = [file for file in folder.rglob("*") if file.is_file()]
    return [_file(file.relative_to(folder.parent).as_posix(), file.parent.name, file) for file in found]


def _archive_files(path: Path) -> list[_File]:
    files = []
    try:
        with tarfile.open(path) as archive:
            # In the order of the archive: going back in a compressed file reads it again from its start.
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    name = PurePosixPath(member.name)
                    group = name.parent.name or _stem(path)
                    files.append(_File(str(name), group, partial(io.BytesIO, content.read())))
    except (tarfile.TarError, *_UNREADABLE) as error:
        raise InputError([Fault(str(path), "cannot be read as an archive", str(error))]) from error
    return files


def _xyz_frames(files: list[_File]) -> Iterator[Frame | Fault]:
    for file in files:
        try:
            with file.open() as raw:
                content = gzip.GzipFile(fileobj=raw) if file.name.endswith(".gz") else raw
                yield from _frames_of_text(io.TextIOWrapper(content, encoding="utf-8"), file)
        except _UNREADABLE as error:
            yield Fault(file.name, "cannot be read", str(error))


def _frames_of_text(lines: TextIO, file: _File) -> Iterator[Frame | Fault]:
    # ASE goes back and forth in its file, and past the first blank line it reads nothing without saying so;
    # so each frame is cut out here and handed over alone, which also says which frame is at fault.
    number = 0
    while line := lines.readline():
        if not line.strip():
            continue
        where = f"{file.name}: frame {number}"
        if not line.strip().isdecimal():
            yield Fault(where, "must start with its number of atoms", repr(line.strip()[:40]))
            return
        n_atoms = int(line)
        body = list(islice(lines, n_atoms + 1))
        if len(body) < n_atoms + 1:
            yield Fault(where, "is cut short", f"{max(len(body) - 1, 0)} atoms", f"{n_atoms} atoms")
            return
        yield _frame(where, file.group, "".join([line, *body]))
        number += 1


def _frame(where: str, group: str, text: str) -> Frame | Fault:
    try:
        (atoms,) = read_xyz(io.StringIO(text), slice(None), properties_parser=_comment)
    except KeyError as error:
        return _unknown_species(where, str(error.args[0]))
    except (ValueError, TypeError, IndexError, AttributeError, OSError) as error:
        return Fault(where, "cannot be read", str(error))
    return Frame(where, group, atoms)


def _comment(line: str) -> dict[str, Any]:
    """Parse the comment line as ASE does, and honour KLIFF's ``PBC``."""
    values: dict[str, Any] = parse_entries(line)
    if "PBC" in values:
        stated = list(values.pop("PBC"))
        if list(values.setdefault("pbc", stated)) != stated:
            raise ValueError("pbc and PBC differ")
    if "stress" in values:
        values[ASYMMETRY] = float(np.abs(values["stress"] - values["stress"].T).max())
    if ":pos:" not in values.get("Properties", ":pos:"):
        raise ValueError("Properties names no column pos")
    return values


def _unknown_species(where: str, symbol: str) -> Fault:
    return Fault(where, "unknown species", symbol, nearest=nearest(symbol, chemical_symbols[1:]))


def _database_frames(path: Path) -> Iterator[Frame | Fault]:
    try:
        for row in _connect(path).select():
            atoms = row.toatoms()
            atoms.info.update(row.key_value_pairs)
            yield Frame(f"{path}: row {row.id}", _stem(path), atoms)
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        yield Fault(str(path), "cannot be read as an ASE database", str(error))


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _sha256(file: _File) -> str:
    digest = hashlib.sha256()
    with file.open() as raw:
        while chunk := raw.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
