"""``hpcfit run``: fit the job of an XML file."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hpcfit.cli.options import add_trust_options
from hpcfit.parallel.communicator import Communicator
from hpcfit.run import NOT_FITTED, fit

_DESCRIPTION = """\
Fit the potentials of JOB to its structures. Under mpirun the ranks share the work; the result has the same bits on
any number of them. The run file is written after every iteration: after a kill, `hpcfit resume` goes on from it.
SIGUSR1, SIGTERM and SIGINT stop the fit after the iteration in hand, with a checkpoint and exit code 3."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("run", help="fit the job of an XML file", description=_DESCRIPTION)
    parser.add_argument("job", help="the job, an XML file")
    parser.add_argument("-o", "--output", default="run.h5", help="the run file (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run in the run file")
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_run)


def _run(options: argparse.Namespace, comm: Communicator) -> int:
    outcome = fit(
        options.job,
        options.output,
        options.overwrite,
        comm,
        sys.stdout,
        options.allow_outside,
        options.allow_python,
    )
    return exit_code(outcome)


def exit_code(outcome: str) -> int:
    """Return 0 for a fit that converged or had nothing to fit, 3 for one that stopped."""
    return 0 if outcome.startswith("converged") or outcome in (NOT_FITTED, "") else 3
