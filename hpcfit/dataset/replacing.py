"""Atomic replacement of files: the name always refers to the complete old or new file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpcfit import atomic
from hpcfit.errors import Fault, InputError
from hpcfit.job_outputs import unsafe


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file in the same folder that replaces `path` when the block succeeds.

    Parameters
    ----------
    path
        The final name; its folder must exist.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    try:
        # of killed processes
        atomic.sweep(str(path))
        with atomic.replacing(str(path)) as temporary:
            yield Path(temporary)
    except OSError as error:
        raise InputError([Fault(str(path), "cannot be written", str(error))]) from error


def refuse_unsafe(path: str, name: str, overwrite: bool) -> None:
    """Refuse a job's output file that is not hpcfit's, at the moment of writing.

    Raises
    ------
    InputError
        If `hpcfit.job_outputs.unsafe` finds something; `name` is the file in the fault.
    """
    what, allowed = unsafe(path, overwrite)
    if what:
        raise InputError([Fault(name, what, allowed=allowed)])


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Refuse to overwrite a file or to write into a missing folder, before long work begins.

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
