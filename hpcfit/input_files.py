"""Files that are read: regular ones up to a largest size, so that no pipe, device or bomb stops or fills a machine."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
from typing import Any, BinaryIO

#: Largest sizes in bytes: of texts such as jobs and tables, and of potential and structure files.
MOST_TEXT = 1 << 27
MOST_TABLE = 1 << 30

#: Most bytes that become of one compressed byte, beyond the first ones: files of numbers give 3 to 10.
MOST_INFLATED = 200
_FREE = 1 << 24

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class RefusedFileError(OSError):
    """A file that is not read; the text says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.strerror = text


def size_text(n_bytes: float) -> str:
    """Return a number of bytes in words, such as ``3.2 GB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if n_bytes < 1000 or unit == "TB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"


def check_regular(path: str | os.PathLike[str], most: float = float("inf")) -> None:
    """Refuse what is not a regular file of at most `most` bytes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RefusedFileError
        If it is a pipe, a device or the like, or too large.
    """
    _check(os.stat(path), most)


def open_regular(path: str | os.PathLike[str], most: float = float("inf")) -> BinaryIO:
    """Open a file as `check_regular` accepts it; a pipe that has taken its name meanwhile does not block.

    Raises
    ------
    OSError
        As `check_regular` does, or if it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor), most)
    except OSError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb")


def _check(status: os.stat_result, most: float) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise RefusedFileError("is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise RefusedFileError("not a regular file")
    if status.st_size > most:
        raise RefusedFileError(f"file of {size_text(status.st_size)}, allowed {size_text(most)}")


def read_bytes(path: str | os.PathLike[str], most: float = MOST_TEXT) -> bytes:
    """Return the content of a regular file.

    Raises
    ------
    OSError
        As `open_regular` does.
    """
    with open_regular(path, most) as file:
        return file.read()


def read_text(path: str | os.PathLike[str], most: float = MOST_TEXT) -> str:
    """Return the text of a regular file in UTF-8, with lines that end as Python's.

    Raises
    ------
    OSError, UnicodeDecodeError
        As `open_regular` does, or if it is not UTF-8.
    """
    return io.TextIOWrapper(io.BytesIO(read_bytes(path, most)), encoding="utf-8").read()


def check_inflated(path: str | os.PathLike[str], most: float) -> None:
    """Refuse a compressed file whose content is larger than `most` bytes, or suspiciously larger than the file.

    Raises
    ------
    OSError, EOFError, lzma.LZMAError
        If it is refused or damaged.
    """
    opener = _OPENERS.get(os.path.splitext(path)[1])
    if opener is None:
        return
    with open_regular(path) as raw, opener(raw) as content:
        bounded = Bounded(content, min(most, most_inflated(os.path.getsize(path))))
        while bounded.read(1 << 20):
            pass


def most_inflated(size: int) -> int:
    """Return the most bytes to which a compressed file of `size` bytes may grow."""
    return _FREE + MOST_INFLATED * size


class Bounded(io.RawIOBase):
    """A stream that refuses to give more than `most` bytes.

    Parameters
    ----------
    stream
        Where the bytes come from.
    most
        Bytes.
    """

    def __init__(self, stream: Any, most: float) -> None:
        super().__init__()
        self._stream = stream
        self._most = most
        self._given = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, and return how many bytes there were.

        Raises
        ------
        RefusedFileError
            Beyond the limit.
        """
        part = self._stream.read(len(buffer))
        self._given += len(part)
        if self._given > self._most:
            raise RefusedFileError(
                f"content of more than {size_text(self._most)}, as only a decompression bomb has"
            )
        buffer[: len(part)] = part
        return len(part)
