"""Seals of files: every byte of a sealed file is under a checksum, which is compared before anybody uses the byte.

A sealed file has three parts. The first 512 bytes, the user block of an HDF5 file, state the length of the content and
the seal; the content follows; a BLAKE2b digest of each page of the content ends the file. The seal is the BLAKE2b
digest of these digests, so a reader hashes the digests and the pages that it reads, never the whole file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from hpcfit.atomic import write_all

HEAD = 512  #: bytes before the content
PAGE = 1 << 16  #: bytes of the content under one digest
_DIGEST = 16  #: bytes of the digest of a page
_CACHED = 32  #: pages that a reader keeps

SIGNATURE = b"\x89HDF\r\n\x1a\n"  #: first bytes of plain HDF5
_LENGTH = re.compile(rb"hpcfit sealed file 1\ncontent (\d{1,15}) bytes")


class SealError(OSError):
    """A file that is not as it was sealed; the message says what was found."""


def sealed(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the three parts of the sealed file with a content."""
    digests = b"".join(_digest(content[at : at + PAGE]) for at in range(0, len(content), PAGE))
    return _head(len(content), digests), content, digests


def seal(path: str) -> None:
    """Seal the file `path` in place: its first 512 bytes are replaced, the rest is the content.

    Raises
    ------
    OSError
        If the file cannot be read or written.
    """
    with open(path, "r+b", buffering=0) as file:
        length = os.fstat(file.fileno()).st_size - HEAD
        digests = b"".join(_digest(_exactly(file, at, size)) for at, size in _pages(length))
        file.seek(HEAD + length)
        write_all(file, digests)
        file.seek(0)
        write_all(file, _head(length, digests))
        os.fsync(file.fileno())


def is_sealed(path: str) -> bool:
    """Return whether a file is to be read as a sealed one: any file that does not begin as plain HDF5.

    Raises
    ------
    SealError
        If it is not a regular file, which could block its reader.
    OSError
        If it cannot be read.
    """
    with _opened(path) as file:
        return file.read(len(SIGNATURE)) != SIGNATURE


class SealedFile(io.RawIOBase):
    """A sealed file open for reading, which gives only bytes that match their checksums.

    Positions are those in the file; the head reads as zeros, and the digests at the end are hidden.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SealError
        If the file is damaged: its head, its length or its digests.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._position = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._file = _opened(path)
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        head = self._file.read(HEAD) or b""
        stated = _LENGTH.match(head)
        if not stated:
            raise SealError("neither a sealed file nor plain HDF5, or its beginning is damaged")
        self.length = int(stated[1])  #: bytes of the content
        n_pages = -(-self.length // PAGE)
        whole = HEAD + self.length + n_pages * _DIGEST
        # compared before anything of a stated size is allocated
        if size != whole:
            what = "truncated file" if size < whole else "longer than its seal says"
            raise SealError(f"{what}, {size} bytes in place of {whole}")
        self._digests = _exactly(self._file, HEAD + self.length, n_pages * _DIGEST)
        if head != _head(self.length, self._digests):
            raise SealError("its seal does not match")
        self.seal = _seal(self._digests)  #: the same for files with the same content

    def verify(self) -> None:
        """Read the whole content.

        Raises
        ------
        SealError
            At the first damaged page.
        """
        for number in range(len(self._digests) // _DIGEST):
            self._page(number)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that a position can be set."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: HEAD + self.length}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with verified bytes, and return how many.

        Raises
        ------
        SealError
            If a page is damaged.
        """
        view = memoryview(buffer).cast("B")
        n = max(0, min(len(view), HEAD + self.length - self._position))
        filled = 0
        while filled < n:
            part = self._from(self._position)[: n - filled]
            view[filled : filled + len(part)] = part
            filled += len(part)
            self._position += len(part)
        return n

    def _from(self, position: int) -> memoryview:
        """Return bytes from a position to the end of its page."""
        if position < HEAD:
            return memoryview(bytes(HEAD - position))
        number, offset = divmod(position - HEAD, PAGE)
        return memoryview(self._page(number))[offset:]

    def _page(self, number: int) -> bytes:
        if number in self._cache:
            self._cache.move_to_end(number)
            return self._cache[number]
        first = number * PAGE
        page = _exactly(self._file, HEAD + first, min(PAGE, self.length - first))
        if _digest(page) != self._digests[number * _DIGEST : (number + 1) * _DIGEST]:
            where = f"bytes {HEAD + first} to {HEAD + first + len(page) - 1}"
            raise SealError(f"checksum of {where} does not match")
        self._cache[number] = page
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return page

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


class CheckedFile(io.FileIO):
    """A file that HDF5 writes through: the first failure is kept and raised by `check`, and HDF5 never sees it.

    HDF5 cannot close a file whose last writes fail: it ends the process, then or later.

    Parameters
    ----------
    path
        The file.
    mode
        ``w+`` for a new file, ``r+`` for an existing one.
    """

    def __init__(self, path: str, mode: str) -> None:
        super().__init__(path, mode)
        self._failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of `data`, nothing after a failure, and return its length."""
        view = memoryview(data).cast("B")
        try:
            rest = view
            while len(rest) and self._failure is None:
                rest = rest[self._put(rest) :]
        except OSError as error:
            self._failure = error
        return len(view)

    def _put(self, data: memoryview) -> int:
        """Write a part of `data`, and return its length."""
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        """Change the length of the file."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return size or 0

    def check(self) -> None:
        """Raise the first failure of a write.

        Raises
        ------
        OSError
            If a write has failed.
        """
        if self._failure is not None:
            raise self._failure

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.check()


def copy_content(source: SealedFile, path: str) -> None:
    """Write the content of a sealed file, every byte verified, to a new file with an empty head.

    Raises
    ------
    SealError
        If a page is damaged.
    OSError
        If the file cannot be written.
    """
    with open(path, "wb", buffering=0) as file:
        for piece in _pieces(source):
            write_all(file, piece)


def _pieces(source: SealedFile) -> Iterator[bytes]:
    source.seek(0)
    while piece := source.read(PAGE):
        yield piece


def _opened(path: str) -> io.FileIO:
    """Open a regular file; a pipe or device could block or never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SealError("not a regular file")
    return io.FileIO(descriptor, "r")


def _exactly(file: io.FileIO, position: int, size: int) -> bytes:
    """Return `size` bytes; one call of the system may read a part."""
    file.seek(position)
    parts = []
    while size > 0:
        part = file.read(size)
        if not part:
            raise SealError("cut while it was read")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _pages(length: int) -> Iterable[tuple[int, int]]:
    return ((HEAD + at, min(PAGE, length - at)) for at in range(0, length, PAGE))


def _digest(page: bytes) -> bytes:
    return hashlib.blake2b(page, digest_size=_DIGEST).digest()


def _seal(digests: bytes) -> str:
    return hashlib.blake2b(digests, digest_size=32).hexdigest()


def _head(length: int, digests: bytes) -> bytes:
    """Return the first 512 bytes, to be compared as a whole, so that no byte of them may differ."""
    text = (
        f"hpcfit sealed file 1\ncontent {length} bytes from byte {HEAD}, HDF5\n"
        f"then a BLAKE2b digest of {_DIGEST} bytes for every {PAGE} bytes of it\nseal {_seal(digests)}\n"
        "(the BLAKE2b digest of these digests)\n"
    )
    return text.encode().ljust(HEAD)
