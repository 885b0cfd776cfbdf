"""``hpcfit run``: fit the job of an XML file."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from hpcfit.cli.options import add_lock_option, add_trust_options, say_without_structures
from hpcfit.fit import NOT_FITTED, Fit, prepare, read
from hpcfit.listeners import session
from hpcfit.listeners.progress import legend
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.parallel.signals import stop_requests
from hpcfit.runfile.names import default_run
from hpcfit.runfile.starting import start_from

_DESCRIPTION = """\
Fit the potentials of JOB to its structures. Under mpirun the ranks share the
work; the result has the same bits on any number of ranks. The run file is
written after every iteration; `hpcfit resume` continues from it after a kill.
SIGUSR1, SIGTERM and SIGINT stop the fit after the current iteration, with a
checkpoint and exit code 3."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(["columns of the log:", *(f"  {line}" for line in legend())])
    parser.add_argument("job", help="the job, an XML file")
    parser.add_argument(
        "-o", "--output", help="the run file (default: named after the job, job.run.h5 for job.xml)"
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace an earlier run in the run file, and output files that hpcfit has not written",
    )
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="RUN",
        default="",
        help="start at the parameters of another run, by their names",
    )
    add_lock_option(parser)
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_run)


def _run(options: argparse.Namespace, comm: Communicator) -> int:
    trust = options.allow_outside, options.allow_python
    output = options.output or default_run(options.job)
    settings = *trust, options.break_lock, options.origin
    return exit_code(fit(options.job, output, options.overwrite, comm, sys.stdout, *settings))


def fit(
    path: str,
    output: str,
    overwrite: bool,
    comm: Communicator,
    log: TextIO,
    allow_outside: bool = False,
    allow_python: bool = False,
    break_lock: bool = False,
    origin: str = "",
) -> str:
    """Fit a job from its start into a run file, and return the outcome on the root, an empty string elsewhere.

    `origin` is a run whose parameters replace the start values of the free ones, by name.

    Raises
    ------
    SharedError
        On every rank, with all faults of the input.
    """
    with stop_requests() as stopped:
        plan = prepare(lambda: read(path, allow_outside, allow_python), comm)
        if not plan.blocks:
            say_without_structures(plan, comm, log)
            return NOT_FITTED if comm.rank == ROOT else ""
        made, x = Fit(plan, comm), None
        with raise_on_all_ranks(comm):
            if origin and comm.rank == ROOT:
                x, notes = start_from(origin, plan.job, made.local.model)
                log.writelines(f"{note}\n" for note in notes)
        x = comm.broadcast(x)
        return session.run(made, log, stopped, output, overwrite, x=x, break_lock=break_lock)[0]


def exit_code(outcome: str) -> int:
    """Return 0 for a fit that converged or had nothing to fit, 3 for one that stopped."""
    return 0 if outcome.startswith("converged") or outcome in (NOT_FITTED, "") else 3
