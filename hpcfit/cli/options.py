"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import TextIO

from hpcfit.objective.plan import Plan
from hpcfit.parallel.communicator import ROOT, Communicator


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that let a job run Python and include any file."""
    add_include_option(parser)
    parser.add_argument(
        "--allow-python", action="store_true", help="let the job run residual functions from Python files"
    )


def add_lock_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that breaks the lock of a run file."""
    parser.add_argument(
        "--break-lock",
        action="store_true",
        help="write the run file although a process on another host, silent for 10 minutes, has its lock",
    )


def add_include_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a job include any file, and write any."""
    text = "let the job include and write files outside its folder"
    parser.add_argument("--allow-outside", action="store_true", help=text)


def say_without_structures(plan: Plan, comm: Communicator, out: TextIO) -> int:
    """Say that a job has potentials only, as one for an ASE calculator, and return the exit code 0."""
    if comm.rank == ROOT:
        job = plan.job
        out.writelines(f"warning: {text}\n" for text in plan.warnings)
        out.write(f"{job.path}: no structures, nothing is computed, no run file is written\n")
        out.write(f"potentials of the job: {', '.join(p.id for p in job.potentials)}\n")
    return 0


def positive(text: str) -> int:
    """Return a whole number above 0, for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"bad number, found {text}, allowed 1 or more")
    return int(text)
