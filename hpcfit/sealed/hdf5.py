"""HDF5 files as hpcfit writes and reads them: in memory or through a checked file, without links to other places."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from hpcfit.sealed.files import HEAD, SIGNATURE, CheckedFile

#: HDF5 1.10 and later read such files, and HDF5 checks its own structures in them.
_LIBVER = ("v110", "v110")

_DEPTH = 6  #: levels of groups that a file may have

_numbers = itertools.count()


def new_image() -> h5py.File:
    """Return an empty HDF5 file in memory, which starts with room for a seal."""
    return h5py.File(
        _unique_name(), "w", driver="core", backing_store=False, libver=_LIBVER, userblock_size=HEAD
    )


def open_image(content: bytes, writable: bool = False) -> h5py.File:
    """Return an HDF5 file in memory with a content, which begins with an empty head."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    access.set_file_image(content)
    if writable:
        access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    flags = h5py.h5f.ACC_RDWR if writable else h5py.h5f.ACC_RDONLY
    return h5py.File(h5py.h5f.open(_unique_name().encode(), flags, fapl=access))


def content_of(file: h5py.File) -> bytes:
    """Return the content of an HDF5 file in memory, without the head."""
    file.flush()
    image = bytes(file.id.get_file_image())
    # versions of HDF5 differ in whether the image has the head
    return image if image.startswith(SIGNATURE) else image[HEAD:]


@contextmanager
def checked(path: str, mode: str) -> Iterator[h5py.File]:
    """Open a file for writing, and check every write before the block ends without an error.

    Parameters
    ----------
    path
        A temporary file: it is damaged if the block raises.
    mode
        ``w`` for a new file with room for a seal, ``r+`` for an existing one.

    Raises
    ------
    OSError
        If a write fails.
    """
    block = {"userblock_size": HEAD} if mode == "w" else {}
    with CheckedFile(path, {"w": "w+", "r+": "r+"}[mode]) as raw:
        try:
            with h5py.File(raw, mode, libver=_LIBVER, **block) as file:
                yield file
        except Exception:
            # What HDF5 says of a file that lacks bytes is only a consequence.
            raw.check()
            raise


def foreign_parts(file: h5py.File, size: int) -> str:
    """Return the first part that leads out of the file, or that is larger than it; empty if there is none.

    Parameters
    ----------
    file
        An open file.
    size
        Its bytes.
    """
    return next(_foreign(file["/"], size, 0), "")


def _foreign(group: h5py.Group, size: int, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        yield f"{group.name}: groups in more than {_DEPTH} levels"
        return
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            yield f"{group.name}: {name!r} is a link to another place"
            return
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from _foreign(item, size, depth + 1)
        elif isinstance(item, h5py.Dataset):
            yield from foreign_storage(item, size)


#: Bytes that one byte of a gzipped chunk becomes at most.
_MOST_INFLATED = 1032


def foreign_storage(array: h5py.Dataset, size: int) -> Iterator[str]:
    """Yield why an array of a file with `size` bytes is not stored in it."""
    if array.is_virtual:
        yield f"{array.name}: virtual array of other files"
    elif array.external:
        yield f"{array.name}: stored in another file"
    elif array.nbytes > size * (1 if array.compression is None else _MOST_INFLATED):
        yield f"{array.name}: {array.nbytes} bytes in a file of {size} bytes"


def _unique_name() -> str:
    return f"hpcfit in memory {next(_numbers)}"


def is_hard_link(file: Any, path: str) -> bool:
    """Return whether every part of a path is in the file itself."""
    names = path.split("/")
    places = ["/".join(names[: k + 1]) for k in range(len(names))]
    return all(isinstance(file.get(place, getlink=True), h5py.HardLink) for place in places)
