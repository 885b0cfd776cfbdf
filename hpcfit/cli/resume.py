"""``hpcfit resume``: continue a run."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from hpcfit.cli.options import add_trust_options
from hpcfit.cli.run import exit_code
from hpcfit.errors import InputError
from hpcfit.fit import Fit, prepare, read
from hpcfit.listeners import session
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.parallel.signals import stop_requests
from hpcfit.report import report
from hpcfit.runfile.changes import differences
from hpcfit.runfile.job_of_run import hints, reread
from hpcfit.runfile.store import load

_DESCRIPTION = """\
Continue a run that was killed or stopped by a signal, on any number of ranks, with bitwise the same result. Fails if
the job or a dataset has changed since the run started."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument("run_file", help="the run file, as in run.h5")
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_resume)


def _resume(options: argparse.Namespace, comm: Communicator) -> int:
    return exit_code(resume(options.run_file, comm, sys.stdout, options.allow_outside, options.allow_python))


def resume(
    output: str, comm: Communicator, log: TextIO, allow_outside: bool = False, allow_python: bool = False
) -> str:
    """Continue the run in `output` with bitwise the same result, and return the outcome as `run.fit` does.

    Raises
    ------
    SharedError
        On every rank, when the run cannot be read, or the job or a dataset has changed since it started.
    """
    with raise_on_all_ranks(comm):
        stored = load(output) if comm.rank == ROOT else None
    if finished := comm.broadcast(stored.result.outcome if stored and stored.result else ""):
        if stored:
            report.write(stored, log)
        return str(finished)
    stored = comm.broadcast(stored)
    with stop_requests() as stopped:
        plan = prepare(lambda: reread(stored, lambda path: read(path, allow_outside, allow_python)), comm)
        with raise_on_all_ranks(comm):
            if faults := differences(stored.header, plan.job, plan.indices):
                raise InputError([*faults, *hints(stored)])
        if comm.rank == ROOT and stored.note:
            log.write(f"{stored.note}\n")
        return session.run(Fit(plan, comm), log, stopped, earlier=stored)[0]
