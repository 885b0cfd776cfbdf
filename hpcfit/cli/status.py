"""``hpcfit status``: what a run does, and its parameters and errors so far."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from hpcfit.cli.options import add_trust_options
from hpcfit.errors import InputError
from hpcfit.fit import Fit, prepare, read
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.report import report
from hpcfit.report.pace import pace_text
from hpcfit.runfile.activity import DEAD, RUNNING, activity
from hpcfit.runfile.changes import differences
from hpcfit.runfile.job_of_run import hints, reread
from hpcfit.runfile.names import run_of
from hpcfit.runfile.run import RunResult, StoredRun
from hpcfit.runfile.store import load

_DESCRIPTION = """\
Say whether a run goes on, was stopped, is dead or finished, how far it is, and print parameters, standard errors and
errors at its last checkpoint. Those of an unfinished run take one evaluation of its job on one core, with one
Jacobian. The run is not disturbed; nothing is written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "run_file", help="the run file, as in job.run.h5, or the job that has it by default, as in job.xml"
    )
    parser.add_argument(
        "--quick", action="store_true", help="evaluate nothing: no errors of an unfinished run"
    )
    add_trust_options(parser)
    parser.set_defaults(run=_status)


def _status(options: argparse.Namespace) -> int:
    path = options.run_file
    path = run_of(path) if Path(path).suffix == ".xml" else path
    run, out = load(path), sys.stdout
    if activity(run).kind == DEAD:
        # it may have finished between the look at the run file and that at the lock
        run = load(path)
    if run.note:
        out.write(f"{run.note}\n")
    _write_activity(run, out)
    if run.result is None and not options.quick:
        try:
            run = replace(run, result=result_so_far(run, options.allow_outside, options.allow_python))
        except (SharedError, InputError) as error:
            found = error.error if isinstance(error, SharedError) else error
            out.write(f"no standard errors so far:\n{found}\n")
    style = run.header.style
    if not style.shows("medium"):
        run = replace(run, header=replace(run.header, style=replace(style, verbosity="medium")))
    report.write(run, out)
    return 0


def _write_activity(run: StoredRun, out: TextIO) -> None:
    found = activity(run)
    out.write(f"{found.kind}: {found.why}\n")
    seconds = run.history["seconds"]
    now = datetime.now() if found.kind == RUNNING else None
    out.write(
        pace_text(run.state.iteration, float(seconds.sum()), seconds[1:], run.header.options, now) + "\n"
    )
    if found.command:
        out.write(f"go on with: {found.command}\n")


def result_so_far(run: StoredRun, allow_outside: bool = False, allow_python: bool = False) -> RunResult:
    """Return the result that an unfinished run would have if it ended at its last checkpoint.

    Raises
    ------
    InputError, SharedError
        If the job or a dataset has changed since the run started, or cannot be read.
    """
    plan = prepare(lambda: reread(run, lambda path: read(path, allow_outside, allow_python)), Serial())
    if faults := differences(run.header, plan.job, plan.indices):
        raise InputError([*faults, *hints(run)])
    fit = Fit(plan, Serial())
    with fit.root():
        fit.problem.restore(run.relaxed)
        fit.problem.cost(run.state.x)
        result = fit.result(replace(run.state, outcome=run.state.outcome or "unfinished"))
        return replace(result, timings={"so far": float(run.history["seconds"].sum())})
