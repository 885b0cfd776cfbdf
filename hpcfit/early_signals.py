"""Signals that come before a command can act on them are kept: nothing here waits for an import.

`install` is called by the console script alone, never by ``import hpcfit``. `hpcfit.parallel.signals` reads what was
kept once a fit can stop with a checkpoint.
"""

from __future__ import annotations

import os
import signal
import sys

#: Variables that launchers set to the rank.
_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")

#: Commands that can stop later with a checkpoint; all others stop at once.
_FITS = ("run", "resume")

#: Exit code of a stop.
STOPPED = 3

#: Signals received so far that no one has acted on.
received: list[int] = []

#: Temporary files in use, removed by a stop that unwinds nothing.
temporary_files: set[str] = set()

#: The run file once it holds a state of this run; empty before.
run_file = ""

_installed = False


def numbers() -> tuple[int, ...]:
    """Return the signals that stop a command.

    A launcher handles HUP and USR2 itself. Without one they act as TERM and USR1, unless `nohup` has HUP ignored.
    """
    own = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    if any(name in os.environ for name in _RANKS):
        return own
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return (*own, signal.SIGUSR2, *(() if ignored else (signal.SIGHUP,)))


def install() -> None:
    """Keep the signals from now on; the main thread calls it."""
    global _installed  # noqa: PLW0603 (handlers belong to the process)
    _installed = True
    for number in numbers():
        signal.signal(number, _keep)


def restore() -> None:
    """Set the handlers of `install` again: an MPI library may have put its own in their place."""
    if _installed:
        install()


def mark_ready() -> None:
    """Create the file that HPCFIT_READY names: every rank keeps signals by now, and a batch script may send them."""
    name = os.environ.get("HPCFIT_READY")
    if name:
        try:  # noqa: SIM105 (contextlib is another import)
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except OSError:
            pass  # the script sends them later then


def take() -> list[int]:
    """Return the kept signals and forget them."""
    kept = received[:]
    received.clear()
    return kept


def speaks() -> bool:
    """Return whether this is the first rank, or no rank at all: it alone prints."""
    own = [name for name in _RANKS if name in os.environ] or ["SLURM_PROCID"]
    return all(os.environ.get(name, "0") == "0" for name in own)


def say(text: str) -> None:
    """Print a line on standard error, from a handler too, whatever has happened to it."""
    if speaks():
        try:  # noqa: SIM105 (contextlib is another import)
            os.write(2, f"{text}\n".encode())
        except OSError:
            pass  # nobody can read it


def announce() -> None:
    """Say what the first Ctrl-C does."""
    say("\nCtrl-C: the fit stops after the iteration in hand, with a checkpoint; Ctrl-C again stops at once")


def command_to_go_on() -> str:
    """Return the command that goes on with this one's work."""
    return resume_command(run_file) if run_file else " ".join(["hpcfit", *map(_quoted, sys.argv[1:])])


def resume_command(path: str) -> str:
    """Return the command that goes on with the run in a run file."""
    return f"hpcfit resume {_quoted(path)}"


def stopped_line(number: int) -> str:
    """Return the line of a command that has stopped at once."""
    return f"stopped by {signal.Signals(number).name}, go on with: {command_to_go_on()}"


def leave(number: int) -> None:
    """End the process at once with one line; of its files only temporary ones are removed."""
    for path in temporary_files:
        try:  # noqa: SIM105 (as above)
            os.unlink(path)
        except OSError:
            pass  # not created yet
    say(stopped_line(number))
    os._exit(STOPPED)


def _keep(number: int, _frame: object) -> None:
    if sys.argv[1:2] and sys.argv[1] in _FITS:
        if number == signal.SIGINT:
            if number in received:
                leave(number)
            announce()
        received.append(number)
    else:
        leave(number)


def _quoted(word: str) -> str:
    """Return a word as a shell reads it; `shlex` is another import."""
    plain = word.replace("_", "a").replace("-", "a").replace(".", "a").replace("/", "a").replace("=", "a")
    return word if plain.isalnum() and word.isascii() else "'" + word.replace("'", "'\"'\"'") + "'"
