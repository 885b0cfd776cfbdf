"""Whether a run goes on: from its run file and the lock beside it, which is read only."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from hpcfit.early_signals import resume_command
from hpcfit.runfile.lock import STALE, Owner, owner_in
from hpcfit.runfile.run import StoredRun

FINISHED, RUNNING, STOPPED, DEAD, SILENT = "finished", "running", "stopped", "dead", "silent"


@dataclass(frozen=True)
class Activity:
    """What a run does.

    Parameters
    ----------
    kind
        `FINISHED`, `RUNNING`, `STOPPED` by a signal, `DEAD` without an end, or `SILENT`: on another host, without a
        recent checkpoint.
    why
        How that is known.
    command
        The command that goes on with the run; empty if it is finished or goes on.
    """

    kind: str
    why: str
    command: str = ""


def activity(run: StoredRun) -> Activity:
    """Return what a run does."""
    if run.result is not None:
        return Activity(FINISHED, run.result.outcome)
    owner, silent, is_locked = _lock(f"{run.path}.lock")
    resume = resume_command(run.path)
    if not is_locked:
        if run.state.outcome:
            return Activity(STOPPED, run.state.outcome, resume)
        return Activity(DEAD, "no process holds its lock", resume)
    if owner is None:
        return Activity(SILENT, "its lock cannot be read", f"{resume} --break-lock")
    if owner.is_gone:
        return Activity(DEAD, f"{owner} is gone", resume)
    why = f"{owner}, last sign {silent:.0f} s ago"
    if owner.is_here or silent < STALE:
        return Activity(RUNNING, why)
    return Activity(SILENT, why, f"{resume} --break-lock")


def _lock(path: str) -> tuple[Owner | None, float, bool]:
    """Return the owner, the seconds since its last checkpoint, and whether there is a lock."""
    try:
        return owner_in(Path(path).read_text(encoding="utf-8", errors="replace")), _age(path), True
    except FileNotFoundError:
        return None, 0.0, False
    except OSError:
        return None, 0.0, True


def _age(path: str) -> float:
    return max(0.0, time.time() - os.stat(path).st_mtime)
