"""A log that cannot stop a fit: where it cannot be written, one warning says so and the run goes on."""

from __future__ import annotations

import io
import sys
from typing import TextIO


class LogStream(io.TextIOBase):
    """A text stream whose failures end the log, not the program.

    Parameters
    ----------
    stream
        The log.
    name
        Of the log, in the warning.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream: TextIO | None = stream
        self._name = name

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the log; rich draws lines where it can hold them."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether the log is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # closed
            return False

    def fileno(self) -> int:
        """Return the log's descriptor."""
        if self._stream is None:
            raise io.UnsupportedOperation("the log has ended")
        return self._stream.fileno()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write a text, unless the log has failed."""
        if self._stream is not None:
            try:
                self._stream.write(text)
            except (OSError, ValueError) as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, unless the log has failed."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._stream = None
        text = f"warning: {self._name} cannot be written, found {error}, the run goes on without"
        try:
            print(text, file=sys.stderr, flush=True)
        except (OSError, ValueError):
            self._stream = None  # nobody can be told
