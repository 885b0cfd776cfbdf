"""``hpcfit resume``: go on with a run."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hpcfit.cli.options import add_trust_options
from hpcfit.cli.run import exit_code
from hpcfit.parallel.communicator import Communicator
from hpcfit.run import resume

_DESCRIPTION = """\
Go on with a run that was killed or stopped by a signal, on any number of ranks, with the bits that it would have had.
Refused when the job or a dataset has changed since the run started."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("resume", help="go on with a run", description=_DESCRIPTION)
    parser.add_argument("run_file", help="the run file, as in run.h5")
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_resume)


def _resume(options: argparse.Namespace, comm: Communicator) -> int:
    return exit_code(resume(options.run_file, comm, sys.stdout, options.allow_outside, options.allow_python))
