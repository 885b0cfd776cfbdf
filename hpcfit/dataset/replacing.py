"""Writing a file so that its name always holds a whole one: the old or the new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpcfit import atomic
from hpcfit.errors import Fault, InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the name of a temporary file beside `path` that takes its place when the block ends well.

    Parameters
    ----------
    path
        The final name; its folder must exist.

    Raises
    ------
    InputError
        When a file cannot be written there.
    """
    try:
        with atomic.replacing(str(path)) as temporary:
            yield Path(temporary)
    except OSError as error:
        raise InputError([Fault(str(path), "cannot be written", str(error))]) from error


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Refuse to write over a file, or into a folder that is not there; asked before long work begins.

    Raises
    ------
    InputError
        When `path` exists and `overwrite` is not set, or its folder does not exist.
    """
    if path.is_dir():
        raise InputError([Fault(str(path), "is a folder", allowed="the name of a file")])
    if path.exists() and not overwrite:
        allowed = "another name, or --overwrite, in Python overwrite=True"
        raise InputError([Fault(str(path), "exists already", allowed=allowed)])
    if not path.parent.is_dir():
        raise InputError([Fault(str(path.parent), "folder does not exist")])
