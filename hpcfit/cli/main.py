"""The command line: a table of commands, and the meaning of exit codes.

0 converged or done, 2 bad input, 3 stopped without converging (limit or signal; checkpoint written), 1 anything else.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from hpcfit import early_signals
from hpcfit.errors import HpcfitError
from hpcfit.version import __version__

if TYPE_CHECKING:
    from hpcfit.parallel.communicator import Communicator

#: Commands with their lines of the help; each is a module of `hpcfit.cli`, imported only if it is the command to run.
_COMMANDS = {
    "run": "fit the job of an XML file",
    "resume": "continue a run",
    "status": "show what a run does, and its errors so far",
    "check": "check a job and its data",
    "data": "import, show, validate and export datasets",
    "report": "print the parameters and errors of a run",
    "export": "write a potential for an MD code",
}


def entry() -> None:
    """Run the command line and exit; the console script."""
    _open_standard_streams()
    sys.exit(_flushed(main(sys.argv[1:])))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    options = _parser(arguments[0] if arguments else "").parse_args(arguments)
    early_signals.run_file = ""  # of an earlier command in this process
    if hasattr(options, "run_parallel"):
        return _run_parallel(options)
    from hpcfit.parallel.signals import stop_at_once

    try:
        with stop_at_once():
            code = int(options.run(options))
            sys.stdout.flush()
            return code
    except HpcfitError as error:
        return _say(error)
    except KeyboardInterrupt as stop:
        return _stopped(stop)
    except MemoryError as error:
        return _print_error(_out_of_memory(error))
    except OSError as error:  # commands report those of their files
        _discard_output()
        # the reader of the output, such as `head`, may close it: it has all it wants
        return (
            1
            if isinstance(error, BrokenPipeError)
            else _print_error(f"output cannot be written, found {error}")
        )


def _open_standard_streams() -> None:
    """Open those that the caller has closed: a file of the run would get their numbers, and printed text with them."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the smallest free number
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding="utf-8"))
            if name == "stdout":
                _print_error("warning: standard output is closed, nothing is printed there")


def _flushed(code: int) -> int:
    """Return the exit code, after what is left of the output is written or, where that fails, dropped."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _discard_output()
    return code


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _stopped(stop: KeyboardInterrupt) -> int:
    early_signals.say(str(stop) or early_signals.stopped_line(2))
    return early_signals.STOPPED


def world() -> Communicator:
    """Return all ranks; MPI and NumPy start here, so that the help needs neither."""
    from hpcfit.parallel import communicator

    return communicator.world()


def _parser(command: str) -> argparse.ArgumentParser:
    """Return the parser of the command line, complete for one command."""
    parser = argparse.ArgumentParser(
        prog="hpcfit",
        description="Fit interatomic potentials with exact Jacobians, on one core or under mpirun.",
        epilog="Exit codes: 0 done or converged, 2 bad input, 3 stopped without converging, 1 anything else.",
    )
    parser.add_argument("--version", action="version", version=f"hpcfit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, line in _COMMANDS.items():
        own = commands.add_parser(name, help=line)
        if name == command:
            import_module(f"hpcfit.cli.{name}").add_arguments(own)
    return parser


def _run_parallel(options: argparse.Namespace) -> int:
    """Run a command on all ranks: errors for the user are printed once, any other error aborts every rank."""
    from hpcfit.parallel.communicator import ROOT
    from hpcfit.parallel.guard import SharedError, raise_on_all_ranks

    try:
        comm = world()
    except HpcfitError as error:
        # every process finds the same
        return _say(error) if early_signals.speaks() else error.exit_code
    early_signals.restore()
    if comm.rank == ROOT:
        early_signals.mark_ready()
    command: Callable[[argparse.Namespace, Communicator], int] = options.run_parallel
    code = 0
    try:
        with raise_on_all_ranks(comm):
            code = command(options, comm)
        return int(comm.broadcast(code))
    except SharedError as error:
        return _say(error.error) if comm.rank == ROOT else error.error.exit_code
    except KeyboardInterrupt as stop:
        code = _stopped(stop)
        if comm.size > 1:  # the other ranks wait for this one
            comm.abort(code)
        return code
    except Exception as error:
        try:
            if isinstance(error, MemoryError):
                _print_error(_out_of_memory(error))
            else:
                _say_unexpected(comm)
        finally:  # even if the output is closed
            comm.abort(1)
        return 1


def _out_of_memory(error: MemoryError) -> str:
    return f"out of memory, found {str(error) or 'no room for an array'}, allowed less data per rank"


def _say_unexpected(comm: Communicator) -> None:
    place = f" on rank {comm.rank}" if comm.size > 1 else ""
    print(f"hpcfit: unexpected error{place}\n{traceback.format_exc()}", end="", file=sys.stderr, flush=True)
    _flushed(1)


def _say(error: HpcfitError) -> int:
    _flushed(1)
    _print_error(str(error))
    return error.exit_code


def _print_error(text: str) -> int:
    """Print a text on standard error, unless nobody can read it, and return 1."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
    return 1
