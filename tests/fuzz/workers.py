"""Runs many cases in forked processes: a case that crashes, hangs or fills the memory ends its process alone."""

import faulthandler
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Bytes of address space of a process.
_MEMORY = 6 << 30


#: Processor time of a case.
_SECONDS = 20.0


@dataclass
class Outcome:
    """How a case ended: a text of the case's own, ``crashed: SIGNAL`` or ``hung``."""

    number: int
    text: str


class _Process:
    def __init__(
        self, numbers: list[int], case: Callable[[int, Path], str], folder: Path, limit: float
    ) -> None:
        self.left, self._limit = numbers, limit
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            _serve(numbers, case, folder, write)
        os.close(write)
        self.pipe = os.fdopen(read, "rb")
        self.since = time.monotonic()

    def hangs(self) -> bool:
        return time.monotonic() - self.since > self._limit

    def end(self) -> str:
        """End the process and say how it ended."""
        hung = self.hangs()
        if hung:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self.pipe.close()
        if hung:
            return "hung"
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number == signal.SIGPROF:
            return f"hung: over {_SECONDS:g} s of processor time"
        return f"crashed: {signal.Signals(number).name}" if number else f"crashed: exit {status >> 8}"


def _serve(numbers: list[int], case: Callable[[int, Path], str], folder: Path, write: int) -> None:
    """Run cases one after the other, and write a line after each."""
    own = folder / f"process{os.getpid()}"
    own.mkdir()
    os.chdir(own)
    sink = os.open(own / "output", os.O_RDWR | os.O_CREAT)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    sys.stdout = os.fdopen(os.dup(1), "w")
    sys.stderr = os.fdopen(os.dup(2), "w")
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in numbers:
        # by processor time, since other programs may slow this one down; SIGPROF ends the process
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)
        text = " ".join(case(number, own).split())
        os.write(write, f"{text}\n".encode())
    os._exit(0)


def run(
    numbers: list[int],
    case: Callable[[int, Path], str],
    folder: Path,
    n_workers: int = 2,
    limit: float = 300.0,
) -> Iterator[Outcome]:
    """Yield the outcome of every case; `case` gets its number and the folder of its process.

    `limit` are the seconds of one case.
    """
    alive = [
        _Process(numbers[k::n_workers], case, folder, limit) for k in range(min(n_workers, len(numbers)))
    ]
    try:
        while alive:
            ready, _, _ = select.select([process.pipe for process in alive], [], [], 1.0)
            for process in list(alive):
                if process.pipe in ready and (line := process.pipe.readline()):
                    process.since = time.monotonic()
                    yield Outcome(process.left[0], line.decode().strip())
                    process.left = process.left[1:]
                elif process.pipe in ready or process.hangs():
                    alive.remove(process)
                    how = process.end()
                    if process.left:
                        yield Outcome(process.left[0], how)
                        if process.left[1:]:
                            alive.append(_Process(process.left[1:], case, folder, limit))
    finally:
        for process in alive:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            os.waitpid(process.pid, 0)
            process.pipe.close()
