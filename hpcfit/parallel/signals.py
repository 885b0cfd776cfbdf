"""Signals that stop a fit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn the signals of launchers and users into a request to stop after the current iteration.

    A second Ctrl-C ends the program at once; the last checkpoint exists. Only the main thread receives signals, so a
    fit in another thread gets no requests.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    requested = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        if requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        requested = True

    earlier = {
        number: signal.signal(number, request) for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield lambda: requested
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
