"""Atomic replacement of a file, which optionally keeps the previous generation."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator

from hpcfit import early_signals


@contextlib.contextmanager
def replacing(path: str, previous: str = "") -> Iterator[str]:
    """Give the name of a temporary file that replaces `path` if the block succeeds.

    At every moment `path` is either the old or the new file, complete and on disk. If the block raises, `path` stays as
    it was. The temporary file is removed in any case.

    Parameters
    ----------
    path
        The final name, in an existing folder, which also holds the temporary file.
    previous
        Name that keeps the replaced file; empty to drop it.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    temporary, kept = _temporary(path), _temporary(previous or path + ".previous")
    early_signals.temporary_files |= {temporary, kept}
    try:
        yield temporary
        _sync(temporary)
        if previous:
            _duplicate(path, kept)
            os.replace(kept, previous)
        os.replace(temporary, path)
        _sync(_folder(path))
    finally:
        for name in (temporary, kept):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        early_signals.temporary_files -= {temporary, kept}


def write(path: str, pieces: Iterable[bytes | memoryview], previous: str = "") -> None:
    """Write a whole file, which replaces `path` only after write, flush to disk and close have succeeded.

    Parameters
    ----------
    path, previous
        As in `replacing`.
    pieces
        The content, in order.

    Raises
    ------
    OSError
        If any of these fails, as on a full disk; `path` stays as it was.
    """
    # Unbuffered, so that every failure shows before the file is closed and renamed.
    with replacing(path, previous) as temporary, open(temporary, "wb", buffering=0) as file:
        for piece in pieces:
            write_all(file, piece)
        # by this descriptor: it alone is sure to get the errors of its writes
        os.fsync(file.fileno())


def write_all(file: io.RawIOBase | io.FileIO, data: bytes | memoryview) -> None:
    """Write all of `data`: one call of the system may write a part.

    Raises
    ------
    OSError
        If the disk is full, or the write fails otherwise.
    """
    rest = memoryview(data).cast("B")
    while len(rest):
        written = file.write(rest)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def sweep(*paths: str) -> None:
    """Remove temporary files that killed processes left beside files of one folder."""
    names = "|".join(re.escape(os.path.basename(path)) for path in paths)
    folder = _folder(paths[0])
    pattern = re.compile(rf"(?:{names})\.tmp\.(\d{{1,9}})")
    for name in os.listdir(folder):
        match = pattern.fullmatch(name)
        # a file with the pid of this process is an earlier one's
        if match and (int(match[1]) == os.getpid() or not is_running(int(match[1]))):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))


def _folder(path: str) -> str:
    return os.path.dirname(path) or os.curdir


def _temporary(path: str) -> str:
    return f"{path}.tmp.{os.getpid()}"


def _duplicate(path: str, copy: str) -> None:
    try:
        os.link(path, copy)
    except OSError:
        # file systems without hard links
        shutil.copyfile(path, copy)
        _sync(copy)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some network file systems refuse to sync folders with these errors
        if not (error.errno == errno.EINVAL and os.path.isdir(path)):
            raise
    finally:
        os.close(descriptor)


def is_running(pid: int) -> bool:
    """Return whether a process of this host runs, of any user."""
    try:
        with contextlib.suppress(PermissionError):  # another user's
            os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
