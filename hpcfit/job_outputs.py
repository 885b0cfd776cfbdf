"""Files that a job asks to be written: hpcfit replaces only those that carry its mark.

The mark is "by hpcfit" and the version in one of the first three lines: in a comment of potential files, logs and
POSCAR files, in the entry ``written_by`` of extended XYZ, and behind ``ITEM: TIMESTEP`` of LAMMPS dumps. A job may come
from someone else, and must not replace a file of its reader.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TextIO

from hpcfit.version import __version__

#: The mark of a file, as part of a comment.
MARK = f"written by hpcfit {__version__}"

#: Key and value of the mark in extended XYZ.
MARK_ENTRY = ("written_by", f"hpcfit {__version__}")

#: Marks of all versions; logs of early ones begin with the version.
_MARKS = re.compile(rb'(?:(?:\b|_)by[ =]"?|\A)hpcfit \d+\.')

#: Bytes and lines in which a mark must be.
_HEAD, _LINES = 4096, 3

#: Names that ASE takes for servers of databases.
_SERVERS = ("postgresql", "postgres", "mysql", "mariadb")


def is_server(name: str) -> bool:
    """Return whether ASE would connect to a database of this name instead of opening a file."""
    return any(part.lower().startswith(_SERVERS) for part in (name, os.path.basename(name)))


def unsafe(path: str, overwrite: bool) -> tuple[str, str]:
    """Return what forbids to replace `path`, and what is allowed; two empty texts if nothing does.

    Parameters
    ----------
    path
        The file, whose folder is resolved.
    overwrite
        Whether regular files of other programs may be replaced.
    """
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return "", ""  # does not exist
    if stat.S_ISLNK(mode):
        return "output file is a symbolic link", "a new name, or a regular file"
    if not stat.S_ISREG(mode):
        return "output file is not a regular file", "a new name, or a regular file"
    if overwrite or _is_ours(path):
        return "", ""
    return "output file exists and was not written by hpcfit", "another name, or --overwrite"


def open_log_file(path: str, append: bool) -> TextIO:
    """Open a log; a new one replaces an earlier one.

    Raises
    ------
    OSError
        If it cannot be opened, or is a symbolic link.
    """
    # A new file, not a shorter one: another name of the old file keeps its content.
    if not append and os.path.lexists(path):
        os.unlink(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return open(os.open(path, flags, 0o666), "a", encoding="utf-8")


def _is_ours(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    # an empty file has nothing to lose
    return not head or any(map(_MARKS.search, head.split(b"\n")[:_LINES]))
