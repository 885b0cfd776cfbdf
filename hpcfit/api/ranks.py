"""Scripts on several ranks: every rank runs the whole script, and calls are collective."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from hpcfit.errors import HpcfitError
from hpcfit.parallel.communicator import ROOT, Communicator, Mpi, world
from hpcfit.parallel.guard import SharedError, together

_known: list[Communicator] = []


def communicator(comm: Any = None) -> Communicator:
    """Return the ranks of a script: all there are, or those of a communicator of mpi4py.

    From then on an exception that ends one rank of several ends them all, which plain Python would leave waiting.
    """
    if hasattr(comm, "all_gather"):
        return comm  # type: ignore[no-any-return]
    if comm is not None:
        return _guarded(Mpi(comm))
    if not _known:
        _known.append(_guarded(world()))
    return _known[0]


@contextmanager
def shared(comm: Communicator) -> Iterator[None]:
    """Run a block on all ranks; an error for the user on any is raised on all of them, as it is."""
    try:
        with together(comm):
            yield
    except SharedError as error:
        raise mine(error, comm) from None


def mine(error: SharedError, comm: Communicator) -> HpcfitError:
    """Return the error in a shared one; only the root prints it if nobody handles it."""
    if comm.rank != ROOT:
        error.error.__dict__["said_by_root"] = True
    return error.error


def _guarded(comm: Communicator) -> Communicator:
    if comm.size == 1:
        return comm

    def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        code = 1
        if isinstance(error, HpcfitError):
            code = error.exit_code
            if not getattr(error, "said_by_root", False):
                print(error, file=sys.stderr, flush=True)
        else:
            text = "".join(traceback.format_exception(kind, error, trace))
            print(f"rank {comm.rank}: {text}", end="", file=sys.stderr, flush=True)
        sys.stdout.flush()
        comm.abort(code)

    sys.excepthook = end
    return comm
