"""hpcfit with something put in its way: ``drive_hpcfit.py OBSTACLE ARGUMENT...``; leaves its process id in a file."""

import os
import sys
import time
from pathlib import Path

from hpcfit.cli.main import entry
from hpcfit.errors import Fault, InputError
from hpcfit.objective.block import BlockObjective
from hpcfit.parallel.service import HANDLERS, Request, Worker

_cost = BlockObjective.cost


def slow():
    """Make a fit take seconds."""

    def cost(self, x):
        time.sleep(0.05)
        return _cost(self, x)

    BlockObjective.cost = cost


def exception():
    """Fail on rank 1 in the second linearisation, as only a fault of the program does."""
    calls = []

    def linearise(worker, x):
        calls.append(1)
        if len(calls) == 2 and worker.comm.rank == 1:
            raise ZeroDivisionError("the fault put in")
        return _linearise(worker, x)

    # Not a block's: how many blocks a rank has follows from measured times.
    _linearise = HANDLERS[Request.LINEARISE]
    HANDLERS[Request.LINEARISE] = linearise


def unreadable():
    """Let rank 1 alone find its part of the dataset unreadable."""

    def own(worker):
        if worker.comm.rank == 1:
            raise InputError([Fault("si.h5", "cannot be read here")])
        _own(worker)

    _own, Worker._own = Worker._own, own


if __name__ == "__main__":
    Path(f"pid.{os.getpid()}").touch()
    {"nothing": lambda: None, "slow": slow, "exception": exception, "unreadable": unreadable}[
        sys.argv.pop(1)
    ]()
    entry()
