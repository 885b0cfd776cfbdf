"""The communicator and its serial twin with the same methods, so that no other code depends on MPI."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any, Protocol

import numpy as np

from hpcfit.errors import HpcfitError
from hpcfit.records import FloatArray

ROOT = 0

#: Seconds for a launcher to forward printed text before an abort.
_GRACE = 0.5

#: Remedies where MPI does not start.
_NO_MPI4PY = "mpi4py is not installed: pip install 'hpcfit[mpi]'"
_OTHER_LAUNCHER = "allowed a launcher that belongs to the MPI library in use"
_NO_LIBRARY = "load the module of an MPI library, or pip install 'hpcfit[mpi]'"

#: Variables that launchers set to the number of processes. The last one is set inside SLURM's own steps and does not
#: count if another launcher was started in one.
_LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")


class Communicator(Protocol):
    """A group of ranks; `rank` 0 is the root."""

    rank: int
    size: int
    library: str

    def broadcast(self, value: Any) -> Any:
        """Return the root's `value` on every rank."""

    def gather(self, value: Any) -> list[Any] | None:
        """Return every rank's `value` on the root, None elsewhere."""

    def all_gather(self, value: Any) -> list[Any]:
        """Return every rank's `value` on every rank."""

    def largest(self, value: int) -> int:
        """Return the largest of all ranks' values, on every rank."""

    def send(self, array: FloatArray, rank: int) -> None:
        """Send a flat array to a rank that waits in `receive` for one of the same length."""

    def receive(self, like: FloatArray, rank: int) -> FloatArray:
        """Return the array that `rank` sends, of the length of `like`."""

    def abort(self, code: int) -> None:
        """End the processes of all ranks."""


class Serial:
    """One rank, no MPI."""

    rank = ROOT
    size = 1
    library = "none"

    def broadcast(self, value: Any) -> Any:
        """Return `value`."""
        return value

    def gather(self, value: Any) -> list[Any]:
        """Return ``[value]``."""
        return [value]

    def all_gather(self, value: Any) -> list[Any]:
        """Return ``[value]``."""
        return [value]

    def largest(self, value: int) -> int:
        """Return `value`."""
        return value

    def send(self, array: FloatArray, rank: int) -> None:
        """Raise an error: there is no other rank."""
        raise ValueError(f"no rank {rank} to send to, allowed none")

    def receive(self, like: FloatArray, rank: int) -> FloatArray:
        """Raise an error: there is no other rank."""
        raise ValueError(f"no rank {rank} to receive from, allowed none")

    def abort(self, code: int) -> None:
        """End the process."""
        sys.exit(code)


class Mpi:
    """An mpi4py communicator, by default the world."""

    def __init__(self, comm: Any = None) -> None:
        from mpi4py import MPI

        self._mpi = MPI
        self._comm = MPI.COMM_WORLD if comm is None else comm
        self.rank = int(self._comm.rank)
        self.size = int(self._comm.size)
        self.library = MPI.Get_library_version().split("\n")[0].strip("\0 ")

    def broadcast(self, value: Any) -> Any:
        """Return the root's `value` on every rank."""
        # One rank needs no copy: a Jacobian takes as long to copy as to compute.
        return value if self.size == 1 else self._comm.bcast(value, root=ROOT)

    def gather(self, value: Any) -> list[Any] | None:
        """Return every rank's `value` on the root, None elsewhere."""
        gathered: list[Any] | None = [value] if self.size == 1 else self._comm.gather(value, root=ROOT)
        return gathered

    def all_gather(self, value: Any) -> list[Any]:
        """Return every rank's `value` on every rank."""
        return list(self._comm.allgather(value))

    def largest(self, value: int) -> int:
        """Return the largest of all ranks' values, on every rank."""
        return int(self._comm.allreduce(value, op=self._mpi.MAX))

    def send(self, array: FloatArray, rank: int) -> None:
        """Send a flat array to a rank that waits in `receive` for one of the same length."""
        self._comm.Send(np.ascontiguousarray(array), dest=rank)

    def receive(self, like: FloatArray, rank: int) -> FloatArray:
        """Return the array that `rank` sends, of the length of `like`."""
        array = np.empty_like(like)
        self._comm.Recv(array, source=rank)
        return array

    def abort(self, code: int) -> None:
        """End the processes of all ranks."""
        # A launcher may drop output that it has not read before an abort, such as the error message.
        time.sleep(_GRACE)
        self._comm.Abort(code)


def world() -> Communicator:
    """Return MPI's world, or the serial twin if mpi4py is not installed.

    Raises
    ------
    HpcfitError
        If a launcher started several processes but MPI sees one rank, so that each would do the whole job; or if mpi4py
        finds no MPI library.
    """
    comm: Communicator = _mpi_or_serial()
    launched = max((int(os.environ.get(name, "1")) for name in _announced()), default=1)
    if comm.size == 1 and launched > 1:
        raise HpcfitError(
            f"{socket.gethostname()}: {launched} processes were launched, found 1 rank in MPI ({comm.library}), "
            + (_NO_MPI4PY if isinstance(comm, Serial) else _OTHER_LAUNCHER)
        )
    return comm


def _mpi_or_serial() -> Communicator:
    try:
        return Mpi()
    except ImportError:
        return Serial()
    except RuntimeError as error:
        # A launcher may have started several processes, so continuing serially would be wrong.
        reason = str(error).replace("\n", ": ")
        raise HpcfitError(
            f"mpi4py is installed without an MPI library, found {reason}, {_NO_LIBRARY}"
        ) from error


def _announced() -> tuple[str, ...]:
    """Return the reliable variables: a launcher's own before SLURM's."""
    own = tuple(name for name in _LAUNCHERS[:-1] if name in os.environ)
    return own or _LAUNCHERS[-1:]
