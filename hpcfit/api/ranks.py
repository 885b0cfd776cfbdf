"""Scripts on several ranks: every rank runs the whole script and makes the same calls."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from hpcfit.errors import HpcfitError
from hpcfit.parallel.communicator import ROOT, Communicator, Mpi, world
from hpcfit.parallel.guard import SharedError, raise_on_all_ranks

_known: list[Communicator] = []


def communicator(comm: Any = None) -> Communicator:
    """Return the ranks of a script: the world, or those of an mpi4py communicator.

    From now on an unhandled exception on one rank aborts all ranks, which would otherwise wait.
    """
    if hasattr(comm, "all_gather"):
        return comm  # type: ignore[no-any-return]
    if comm is not None:
        return _guarded(Mpi(comm))
    if not _known:
        _known.append(_guarded(world()))
    return _known[0]


@contextmanager
def on_all_ranks(comm: Communicator) -> Iterator[None]:
    """Run a block on all ranks; an `HpcfitError` on any rank is raised on all.

    The block may raise a `SharedError`. Any other exception on one rank aborts all, since the others would wait.
    """
    try:
        with raise_on_all_ranks(comm):
            yield
    except SharedError as shared:
        # Only the root prints it if nobody handles it.
        shared.error.__dict__["said_elsewhere"] = comm.rank != ROOT
        raise shared.error from None
    except Exception as error:
        if comm.size > 1:
            _end(comm, f"hpcfit: unexpected error on rank {comm.rank}\n", error)
        raise


def _guarded(comm: Communicator) -> Communicator:
    if comm.size == 1:
        return comm

    def end(_: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, HpcfitError):
            _end(comm, f"rank {comm.rank}: ", error.with_traceback(trace))
            return
        if not getattr(error, "said_elsewhere", False):
            print(error, file=sys.stderr, flush=True)
        sys.stdout.flush()
        comm.abort(error.exit_code)

    sys.excepthook = end
    return comm


def _end(comm: Communicator, heading: str, error: BaseException) -> None:
    sys.stdout.flush()
    print(heading + "".join(traceback.format_exception(error)), end="", file=sys.stderr, flush=True)
    comm.abort(1)
