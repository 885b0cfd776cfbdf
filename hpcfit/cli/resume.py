"""``hpcfit resume``: continue a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from hpcfit.cli.options import add_lock_option, add_trust_options, positive
from hpcfit.cli.run import exit_code
from hpcfit.errors import InputError
from hpcfit.fit import Fit, prepare, read
from hpcfit.listeners import session
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.parallel.signals import stop_requests
from hpcfit.report import report
from hpcfit.runfile.changes import differences, refuse_other_job
from hpcfit.runfile.job_of_run import hints, reread
from hpcfit.runfile.limits import continuing, with_limits
from hpcfit.runfile.names import run_of
from hpcfit.runfile.store import load

_DESCRIPTION = """\
Continue a run that was killed or stopped by a signal, on any number of ranks, with bitwise the same result. Fails if
the job or a dataset has changed since the run started."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "run_file", help="the run file, as in job.run.h5, or the job that has it by default, as in job.xml"
    )
    parser.add_argument("--job", metavar="JOB", help="refuse the run if it is not one of this job")
    for name in ("max-iter", "max-evaluations"):
        parser.add_argument(
            f"--{name}",
            type=positive,
            metavar="N",
            help=f"continue with this {name}, also after an end by a limit",
        )
    add_lock_option(parser)
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_resume)


def _resume(options: argparse.Namespace, comm: Communicator) -> int:
    output, job = options.run_file, options.job or ""
    if Path(output).suffix == ".xml":
        output, job = run_of(output), job or output
    trust = options.allow_outside, options.allow_python
    limits = {name: getattr(options, name) for name in ("max_iter", "max_evaluations")}
    return exit_code(resume(output, comm, sys.stdout, *trust, job, options.break_lock, limits))


def resume(
    output: str,
    comm: Communicator,
    log: TextIO,
    allow_outside: bool = False,
    allow_python: bool = False,
    job: str = "",
    break_lock: bool = False,
    limits: Mapping[str, int | None] = MappingProxyType({}),
) -> str:
    """Continue the run in `output` with bitwise the same result, and return the outcome as `run.fit` does.

    Parameters
    ----------
    job
        The job whose run it must be; empty for the one that the run file names.
    break_lock
        As in `hpcfit.listeners.session.run`.
    limits
        Replace those of the job by the names of the settings, as ``max_iter``; a run that ended at a limit continues.

    Raises
    ------
    SharedError
        On every rank, when the run cannot be read, is of another job, or the job or a dataset has changed since it
        started.
    """
    stored = None
    with raise_on_all_ranks(comm):
        if comm.rank == ROOT:
            stored = continuing(load(output), limits)
            if job:
                refuse_other_job(stored, read(job, allow_outside, allow_python))
                stored = replace(stored, header=replace(stored.header, job_path=job))
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
        limited, notes = with_limits(plan.job, stored, limits)
        plan = replace(plan, job=limited)
        if comm.rank == ROOT:
            log.writelines(f"{note}\n" for note in notes)
        if comm.rank == ROOT and stored.note:
            log.write(f"{stored.note}\n")
        return session.run(Fit(plan, comm), log, stopped, earlier=stored, break_lock=break_lock)[0]
