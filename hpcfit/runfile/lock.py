"""The lock of a run file, so that two runs, or a run and a resume, never write the same one.

The lock ``run.h5.lock`` says who writes: host, process and its start, SLURM job and restart. It appears whole or not
at all, and its time of change tells the last checkpoint. A lock whose owner is certainly gone is broken with one line.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hpcfit.atomic import is_running, sweep
from hpcfit.errors import Fault, HpcfitError, InputError

STALE = 600.0  #: seconds without a checkpoint after which the owner on another host may be gone


@dataclass(frozen=True)
class Owner:
    """A process that writes a run file.

    Parameters
    ----------
    host
        Its name.
    boot
        Id of the host's present boot; empty if unknown.
    pid, start
        The process, and its start in ticks since the boot, which tells it from a later one with the same number.
    slurm_job, slurm_restart
        The batch job and how often it was requeued; empty and 0 outside SLURM.
    token
        A random word, so that no two locks are equal.
    """

    host: str
    boot: str
    pid: int
    start: int
    slurm_job: str = ""
    slurm_restart: int = 0
    token: str = ""

    @classmethod
    def of_this_process(cls) -> Owner:
        """Return this process as an owner."""
        restart = os.environ.get("SLURM_RESTART_COUNT", "0")
        return cls(
            socket.gethostname(),
            _boot(),
            os.getpid(),
            _start(os.getpid()),
            os.environ.get("SLURM_JOB_ID", ""),
            int(restart) if restart.isdecimal() else 0,
            os.urandom(8).hex(),
        )

    @property
    def is_here(self) -> bool:
        """Whether the process runs, or ran, on this host."""
        return self.host == socket.gethostname()

    @property
    def is_gone(self) -> bool:
        """Whether this host knows that the process has ended."""
        return self.is_here and self._has_ended()

    def _has_ended(self) -> bool:
        return self.boot != _boot() or _start(self.pid) != self.start

    def precedes(self, later: Owner) -> bool:
        """Whether `later` is a later start of the same batch job."""
        return self.slurm_job == later.slurm_job != "" and self.slurm_restart < later.slurm_restart

    def __str__(self) -> str:
        job = f", SLURM job {self.slurm_job}" if self.slurm_job else ""
        return f"process {self.pid} on {self.host}{job}"


class RunLock:
    """The lock of a run file, held from its construction to `release`.

    Parameters
    ----------
    path
        The run file, in an existing folder.
    break_lock
        Whether to take the place of a process on another host, which may be gone. One that runs here keeps its lock.

    Raises
    ------
    InputError
        If another process writes the run file, or may do so.
    """

    def __init__(self, path: str, break_lock: bool = False) -> None:
        self._run, self._path = path, f"{path}.lock"
        self.note = ""  #: a line about a lock that was broken
        self._owner = Owner.of_this_process()
        self._content = json.dumps(asdict(self._owner)) + "\n"
        sweep(self._path)
        try:
            while not self._created():
                self._break(break_lock)
        except OSError as error:
            raise InputError([Fault(self._path, "lock cannot be made", str(error))]) from error

    def _created(self) -> bool:
        """Make the lock unless there is one; a lock is never seen half-written."""
        temporary = f"{self._path}.tmp.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(self._content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, self._path)
        except FileExistsError:
            return False
        except OSError:  # file systems without hard links
            return self._created_in_place()
        finally:
            os.unlink(temporary)
        return True

    def _created_in_place(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(self._content)
        return True

    def _break(self, by_force: bool) -> None:
        """Remove the lock of a process that is gone; refuse to remove another."""
        try:
            found = Path(self._path).read_text(encoding="utf-8", errors="replace")
            silent = max(0.0, time.time() - os.stat(self._path).st_mtime)
        except FileNotFoundError:
            return
        owner = owner_in(found)
        if owner and owner.is_gone:
            why = "which is gone"
        elif owner and owner.precedes(self._owner):
            why = "which this restart of the job replaces"
        else:
            self._refuse(owner, silent, by_force)
            why = "by request"
        self._remove(found)
        self.note = f"{self._path}: removed the lock of {owner or 'an unknown process'}, {why}"

    def _refuse(self, owner: Owner | None, silent: float, by_force: bool) -> None:
        """Raise an error unless the lock may be broken on request."""
        allowed = "--break-lock if that run is gone, in Python break_lock=True"
        if owner is None:
            if not by_force:
                raise InputError([Fault(self._path, "lock cannot be read", allowed=allowed)])
            return
        what, found = "another process writes this run file", f"{owner}, last checkpoint {silent:.0f} s ago"
        if owner.host == socket.gethostname():
            raise InputError([Fault(self._run, what, str(owner), "wait, or stop it first")])
        if silent < STALE:
            raise InputError([Fault(self._run, what, found, f"wait: after {STALE:.0f} s --break-lock")])
        if not by_force:
            what = "another process may still write this run file"
            raise InputError([Fault(self._run, what, found, allowed)])

    def _remove(self, found: str) -> None:
        """Remove the lock with content `found`, and no other that has taken its place meanwhile."""
        aside = f"{self._path}.tmp.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._path, aside)
            if Path(aside).read_text(encoding="utf-8", errors="replace") != found:
                with contextlib.suppress(OSError):
                    os.link(aside, self._path)
            os.unlink(aside)

    def refresh(self) -> None:
        """Tell that the run goes on; before every write of the run file.

        Raises
        ------
        HpcfitError
            If another process has broken the lock: it writes the run file now.
        """
        if not self._is_held():
            what = "lock of this run is gone, another process may write the run file"
            raise HpcfitError(str(Fault(self._path, what, self._found(), "one run at a time")))
        os.utime(self._path)

    def release(self) -> None:
        """Remove the lock if it is still this one's; twice does no harm."""
        if self._is_held():
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _is_held(self) -> bool:
        try:
            return Path(self._path).read_text(encoding="utf-8", errors="replace") == self._content
        except OSError:
            return False

    def _found(self) -> str:
        try:
            owner = owner_in(Path(self._path).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return "no such file"
        return str(owner or "another content")


def owner_in(text: str) -> Owner | None:
    """Return the owner that a lock names, None if it cannot be read."""
    try:
        owner = Owner(**json.loads(text))
    except (ValueError, TypeError):
        return None
    whole = (
        isinstance(owner.pid, int) and isinstance(owner.start, int) and isinstance(owner.slurm_restart, int)
    )
    return owner if whole else None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _start(pid: int) -> int:
    """Return when a process started, in ticks since the boot; -1 if there is none, 0 if it is not known."""
    try:
        # the second field, the name in parentheses, may hold blanks
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
        return -1 if fields[0] in ("Z", "X") else int(fields[19])
    except OSError:
        pass
    if os.path.isdir("/proc/self"):
        return -1
    return 0 if is_running(pid) else -1
