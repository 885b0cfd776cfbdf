"""Signals that stop a fit after an iteration, or any other command at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from hpcfit import early_signals


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn the signals of launchers and users into a request to stop after the current iteration.

    Signals that came before, while the program started, count too. The first Ctrl-C says what happens, a second one
    raises `KeyboardInterrupt`; the last checkpoint exists. Only the main thread receives signals, so a fit in another
    thread gets no requests.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    requested = early_signals.take()

    def request(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            if number in requested:
                raise KeyboardInterrupt
            early_signals.announce()
        requested.append(number)

    with _handled_by(request):
        # one that came between the two handlers
        requested += early_signals.take()
        yield lambda: bool(requested)


@contextmanager
def stop_at_once() -> Iterator[None]:
    """Let signals raise `KeyboardInterrupt`, so that files are closed and removed; a second one ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    requested: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if requested:
            early_signals.leave(number)
        requested.append(number)
        raise KeyboardInterrupt(early_signals.stopped_line(number))

    with _handled_by(stop):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    earlier = {number: signal.signal(number, handler) for number in early_signals.numbers()}
    try:
        yield
    finally:
        for number, other in earlier.items():
            signal.signal(number, other)
