"""Replacing a file so that a kill at any moment leaves a whole one, with the generation before it kept."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Callable


def previous_path(path: str) -> str:
    """Return where the generation before `path` is kept: ``run.previous.h5`` for ``run.h5``."""
    stem, extension = os.path.splitext(path)
    return f"{stem}.previous{extension}"


def replace_file(path: str, write: Callable[[str], None], keep_previous: bool) -> None:
    """Put a new file at `path`, and on request the one that is there at `previous_path`.

    At every moment `path` is either the old or the new file, whole and on disk.

    Parameters
    ----------
    write
        Called with the name of a temporary file in the same folder, which it creates and closes.

    Raises
    ------
    OSError
        When the folder cannot be written; `path` is then as it was.
    """
    temporary = _temporary(path)
    kept = _temporary(previous_path(path))
    try:
        write(temporary)
        _sync(temporary)
        if keep_previous:
            _duplicate(path, kept)
            os.replace(kept, previous_path(path))
        os.replace(temporary, path)
        _sync(_folder(path))
    finally:
        for name in (temporary, kept):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def sweep(path: str) -> None:
    """Remove the temporary files that killed processes left beside `path`."""
    names = "|".join(re.escape(os.path.basename(p)) for p in (path, previous_path(path)))
    pattern = re.compile(rf"(?:{names})\.tmp\.(\d{{1,9}})")
    for name in os.listdir(_folder(path)):
        match = pattern.fullmatch(name)
        if match and not _runs(int(match[1])):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(_folder(path), name))


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
        # some network file systems do not sync folders, and say so in this way
        if not (error.errno == errno.EINVAL and os.path.isdir(path)):
            raise
    finally:
        os.close(descriptor)


def _runs(pid: int) -> bool:
    """Return whether another process `pid` runs; a file of this process's pid is left from an earlier one."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
