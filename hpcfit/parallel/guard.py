"""Propagation of an error on any rank to all ranks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hpcfit.errors import HpcfitError, InputError
from hpcfit.parallel.communicator import Communicator


class SharedError(Exception):
    """An error that every rank raises, so that one prints it and all end."""

    def __init__(self, error: HpcfitError) -> None:
        self.error = error
        super().__init__(str(error))


@contextmanager
def raise_on_all_ranks(comm: Communicator) -> Iterator[None]:
    """Run a block on all ranks; if it raises an `HpcfitError` on any, all raise it as a `SharedError`.

    Costs one reduction without an error. Faults of several ranks are merged. Other exceptions pass through, and the
    program's entry point aborts all ranks.

    Raises
    ------
    SharedError
        With the error of the lowest failed rank, or with all faults if all errors are bad input.
    """
    failure: HpcfitError | None = None
    try:
        yield
    except HpcfitError as error:
        failure = error
    if comm.largest(int(failure is not None)) == 0:
        return
    failures = [error for error in comm.all_gather(failure) if error is not None]
    faults = [fault for error in failures if isinstance(error, InputError) for fault in error.faults]
    if isinstance(failures[0], InputError):
        raise SharedError(InputError(dict.fromkeys(faults)))
    raise SharedError(failures[0])
