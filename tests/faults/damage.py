"""Random damage of files, tried in child processes, so that a crash or a hang costs one case and is counted."""

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SECTOR = 512
DETECTED, HARMLESS, SILENT, HUNG, CRASHED = "detected", "harmless", "silent", "hung", "crashed"

#: Seconds after which a case counts as hung; one takes milliseconds.
LIMIT = 20.0


@dataclass(frozen=True)
class Damage:
    """A flipped bit, a sector of zeros, or a cut, at a byte of a file."""

    kind: str
    position: int
    bit: int = 0

    def of(self, content: bytes) -> bytes:
        """Return the damaged content."""
        if self.kind == "cut":
            return content[: self.position]
        damaged = bytearray(content)
        if self.kind == "flip":
            damaged[self.position] ^= 1 << self.bit
        else:
            damaged[self.position : self.position + SECTOR] = bytes(
                len(damaged[self.position : self.position + SECTOR])
            )
        return bytes(damaged)


def random_damage(content: bytes, flips: int, zeros: int, cuts: int, seed: int) -> list[Damage]:
    """Return random damage, each of which changes the content."""
    random, size = np.random.default_rng(seed), len(content)
    bits = zip(random.integers(0, size, flips).tolist(), random.integers(0, 8, flips).tolist(), strict=True)
    sectors = range(0, size, SECTOR)
    filled = [start for start in sectors if any(content[start : start + SECTOR])]
    return [
        *(Damage("flip", position, bit) for position, bit in bits),
        *(Damage("zero", int(start)) for start in random.choice(filled, zeros)),
        *(Damage("cut", int(length)) for length in random.integers(0, size, cuts)),
    ]


def tried(path: Path, damages: list[Damage], judge: Callable[[], str]) -> list[tuple[Damage, str]]:
    """Return what `judge` says of every damage of the file `path`, which is whole again at the end.

    Parameters
    ----------
    judge
        Reads the file and returns `DETECTED`, `HARMLESS` or `SILENT`.
    """
    content, outcomes = path.read_bytes(), list[tuple[Damage, str]]()
    try:
        while len(outcomes) < len(damages):
            rest = damages[len(outcomes) :]
            outcomes += zip(rest, _in_child(path, content, rest, judge), strict=False)
    finally:
        path.write_bytes(content)
    return outcomes


def _in_child(path: Path, content: bytes, damages: list[Damage], judge: Callable[[], str]) -> Iterator[str]:
    """Yield the outcomes of a child until it has none left, hangs or crashes."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            for damage in damages:
                path.write_bytes(damage.of(content))
                os.write(writing, f"{judge()}\n".encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    said, n_said = b"", 0
    deadline = time.monotonic() + LIMIT
    while select.select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if not (part := os.read(reading, 1 << 16)):
            break
        *whole, said = (said + part).split(b"\n")
        n_said += len(whole)
        yield from (line.decode() for line in whole)
        deadline = time.monotonic() + LIMIT
    else:
        os.kill(child, signal.SIGKILL)
        yield HUNG
    os.close(reading)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if n_said < len(damages) and code != -signal.SIGKILL:
        yield f"{CRASHED} ({code})"


def counts(outcomes: list[tuple[Damage, str]]) -> Counter[str]:
    """Return how often each outcome happened."""
    return Counter(outcome.partition(" ")[0] for _, outcome in outcomes)
