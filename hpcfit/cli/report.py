"""``hpcfit report``: print the parameters and errors of a run."""

from __future__ import annotations

import argparse
import sys

from hpcfit.report import report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = "Print outcome, parameters and errors of a run, from its run file alone."
    parser.add_argument("run_file", help="the run file, as in run.h5")
    parser.add_argument(
        "--spectrum",
        action="store_true",
        help="also print how well the data determine each direction of the parameters",
    )
    parser.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    report.from_file(options.run_file, sys.stdout, options.spectrum)
    return 0
