"""Files of earlier versions have no seal, and HDF5 may hang or crash in damaged ones: a child process tries first."""

from __future__ import annotations

import subprocess
import sys

from hpcfit.sealed.files import SealError

#: Seconds in which the structures of a file are read; they take milliseconds.
LIMIT = 30.0

#: What a reader of a run file or dataset would do with structures and texts; plain numbers cannot mislead HDF5.
_WALK = """
import sys
import h5py

def walk(group):
    list(group.attrs.items())
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            visit(group[name])

def visit(item):
    if isinstance(item, h5py.Group):
        walk(item)
    elif isinstance(item, h5py.Dataset):
        list(item.attrs.items())
        if item.chunks:
            item.id.get_num_chunks()
        if item.dtype.hasobject:
            item[...]

with h5py.File(sys.argv[1], "r", locking="best-effort") as file:
    walk(file)
"""


def refuse_misleading(path: str) -> None:
    """Refuse a file without a seal whose structures HDF5 cannot read to their end.

    Raises
    ------
    SealError
        If the child process hangs, crashes or finds an error.
    """
    try:
        command = [sys.executable, "-c", _WALK, path]
        child = subprocess.run(command, timeout=LIMIT, capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired as error:
        raise SealError(f"damaged: HDF5 reads it without end, {LIMIT:.0f} s allowed") from error
    if child.returncode < 0:
        raise SealError("damaged: HDF5 crashes on it")
    if child.returncode > 0:
        raise SealError((child.stderr.strip().splitlines() or ["damaged"])[-1])
