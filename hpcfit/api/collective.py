"""Calls that all ranks make together: an error on one becomes the same error on all."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from hpcfit.parallel.communicator import Communicator
from hpcfit.parallel.guard import SharedError, together


@contextmanager
def collective(comm: Communicator) -> Iterator[None]:
    """Run a block on all ranks; an `HpcfitError` of one is raised on all.

    Any other exception ends all ranks where there are several: they would wait for this one.
    """
    try:
        with together(comm):
            yield
    except SharedError as error:
        raise error.error from None
    except Exception:
        if comm.size > 1:
            print(f"hpcfit: unexpected error on rank {comm.rank}", file=sys.stderr)
            traceback.print_exc()
            sys.stderr.flush()
            comm.abort(1)
        raise
