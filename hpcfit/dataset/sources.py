"""Opens sources of imports: a file of a known format, or a folder or archive of such files."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

from hpcfit.catalogue import records
from hpcfit.dataset.formats._format import UNREADABLE, DatasetFormat, Frame, SourceFile, stem
from hpcfit.errors import Fault, InputError
from hpcfit.input_files import RefusedFileError, check_regular, most_inflated, open_regular, size_text

#: All formats of datasets.
FORMATS = records("hpcfit.dataset.formats", DatasetFormat)

#: Endings of archives.
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Source:
    """An opened source.

    Parameters
    ----------
    frames
        Its configurations in order, or faults.
    skipped
        Names of files in a folder or archive that are not configurations.
    sha256
        Hash of the file; for a folder or archive, over the names and contents of the files read.
    """

    frames: Iterator[Frame | Fault]
    skipped: tuple[str, ...]
    sha256: str


def format_of(name: str) -> DatasetFormat | None:
    """Return the format of a file by its name, None if unknown."""
    return next((form for form in FORMATS if name.endswith(form.suffixes)), None)


def open_source(path: Path) -> Source:
    """Open a source; its name determines its format.

    Raises
    ------
    InputError
        When it does not exist, has no known format, or holds no file of configurations.
    """
    if not path.exists():
        raise InputError([Fault(str(path), "file does not exist")])
    if path.is_dir():
        return _collection(path, _folder_files(path))
    try:
        check_regular(path)
    except OSError as error:
        raise InputError([Fault(str(path), "cannot be read", error.strerror or str(error))]) from error
    if path.name.endswith(ARCHIVES):
        return _collection(path, _archive_files(path))
    form = format_of(path.name)
    if form is None:
        allowed = ", ".join([*(suffix for form in FORMATS for suffix in form.suffixes), *ARCHIVES])
        raise InputError([Fault(str(path), "unknown kind of source", path.suffix, allowed)])
    file = _file(str(path), stem(path), path)
    return Source(form.read(file), (), file.sha256)


def _collection(path: Path, files: list[SourceFile]) -> Source:
    taken, skipped = [], []
    for file in sorted(files, key=lambda file: file.name):
        last = PurePosixPath(file.name).name
        form = format_of(last)
        if form is not None and form.in_folders and not last.startswith("."):
            taken.append((form, file))
        else:
            skipped.append(file.name)
    if not taken:
        suffixes = (suffix for form in FORMATS if form.in_folders for suffix in form.suffixes)
        raise InputError([Fault(str(path), "no file of configurations in it", allowed=", ".join(suffixes))])
    digest = hashlib.sha256()
    for _, file in taken:
        digest.update(file.name.encode() + b"\0" + bytes.fromhex(file.sha256))
    frames = chain.from_iterable(form.read(file) for form, file in taken)
    return Source(frames, tuple(skipped), digest.hexdigest())


def _file(name: str, group: str, path: Path) -> SourceFile:
    return SourceFile(name, group, lambda: open_regular(path))


def _folder_files(path: Path) -> list[SourceFile]:
    folder = path.resolve()
    return [
        _file(file.relative_to(folder.parent).as_posix(), file.parent.name, file)
        for file in folder.rglob("*")
        if file.is_file()
    ]


def _archive_files(path: Path) -> list[SourceFile]:
    files = []
    try:
        left = most_inflated(path.stat().st_size)
        with open_regular(path) as raw, tarfile.open(fileobj=raw) as archive:
            # In the order of the archive: seeking back in a compressed file reads it again from its start.
            for member in archive:
                # read into memory below, and passed over by decompressing it
                left -= member.size
                if left < 0:
                    what = f"content of more than {size_text(most_inflated(path.stat().st_size))}"
                    raise RefusedFileError(f"{what}, as only a decompression bomb has")
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    name = PurePosixPath(member.name)
                    group = name.parent.name or stem(path)
                    files.append(SourceFile(str(name), group, partial(io.BytesIO, content.read())))
    except (tarfile.TarError, *UNREADABLE) as error:
        raise InputError([Fault(str(path), "cannot be read as an archive", str(error))]) from error
    return files
