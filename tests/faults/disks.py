"""Disks of a size: a mounted file system where that is allowed, otherwise a library that lets writes fail."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LIBRARY = Path(__file__).with_name("full_disk.c")

#: Memory is given in pages.
_PAGE = 4096


@contextmanager
def disk(folder: Path) -> Iterator["Disk"]:
    """Yield a disk in a new folder, large at first."""
    place = folder / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and not _mount(place, "size=1g")
    try:
        yield Disk(place, None if mounted else _library(folder))
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


def _mount(place: Path, options: str) -> int:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, check=False, capture_output=True).returncode


def _library(folder: Path) -> str:
    path = folder / "full_disk.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", str(path), str(_LIBRARY), "-ldl"], check=True)
    return str(path)


class Disk:
    """A folder, and the means to run a program there while only some bytes are free."""

    def __init__(self, folder: Path, library: str | None) -> None:
        self.folder = folder
        self._library = library

    @property
    def kind(self) -> str:
        """How the disk is made."""
        return "tmpfs" if self._library is None else "preloaded write()"

    def run(self, command: list[str], free: int) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder with `free` bytes left on the disk."""
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        if self._library is None:
            used = sum(-(-path.stat().st_size // _PAGE) * _PAGE for path in self.folder.iterdir())
            self._resize(used + _PAGE * (1 + free // _PAGE))
        else:
            variables |= {"LD_PRELOAD": self._library, "FULL_DISK_BYTES": str(free)}
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=variables,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        finally:
            self._resize(1 << 30)

    def _resize(self, size: int) -> None:
        if self._library is None:
            options = f"remount,size={size}"
            subprocess.run(["mount", "-o", options, str(self.folder)], check=True, capture_output=True)
