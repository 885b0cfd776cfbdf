"""One line per iteration: plain and flushed, or above a moving sign where the stream is a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

import numpy as np

from hpcfit.output.header import Loss, Style
from hpcfit.records import FloatArray, Parameter, State

_WIDTHS = (9, 17, 9, 9, 9, 9, 9, 11, 9)


class Progress:
    """Writes plain lines; a context manager, as the display for terminals is one.

    Parameters
    ----------
    loss
        How the sum of squares is shown.
    stream
        Where to.
    """

    def __init__(self, loss: Loss, stream: TextIO) -> None:
        self._loss = loss
        self._stream = stream

    def __enter__(self) -> Progress:
        self._write(titles(self._loss))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the lines as they are."""

    def line(self, state: State, seconds: float) -> None:
        """Write the line of a state; `seconds` is the wall time since the one before."""
        self._write(iteration_line(self._loss, state, seconds))

    def restart(self, state: State) -> None:
        """Write that the fit has begun again before the line of `state`."""
        self._write(f"restart: {restart_text(state)}")

    def parameters(self, parameters: Sequence[Parameter], values: FloatArray, style: Style) -> None:
        """Write the values [n_parameters] of the parameters that the fit varies, one per line."""
        for parameter, value in zip(parameters, values, strict=True):
            if parameter.varies:
                self._write(f"  {parameter.path}: {style.number(value, 10)} {parameter.unit}")

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def progress(loss: Loss, stream: TextIO) -> Progress:
    """Return the progress display that suits `stream`."""
    if stream.isatty():
        from hpcfit.output import terminal

        return terminal.LiveProgress(loss, stream)
    return Progress(loss, stream)


def restart_text(state: State) -> str:
    """Return why a fit began again, and how."""
    return f'{state.restarted}, once more from the start with scaling="identity"'


def titles(loss: Loss) -> str:
    """Return the titles of the columns; evaluations are linearisations/costs/second derivatives."""
    names = (
        "iteration",
        loss.label,
        "gradient",
        "angle",
        "lambda",
        "step",
        "2|a|/|v|",
        "evaluations",
        "seconds",
    )
    return " ".join(f"{name:>{width}}" for name, width in zip(names, _WIDTHS, strict=True))


def iteration_line(loss: Loss, state: State, seconds: float) -> str:
    """Return the line of a state: ten digits of the loss, three of what only guides the eye."""
    cells = (
        str(state.iteration),
        loss.text(state.cost),
        *(_short(value) for value in (state.gradient, state.angle, state.damping, state.step)),
        "-" if np.isnan(state.acceleration) else f"{state.acceleration:.3f}",
        f"{state.n_linearisations}/{state.n_costs}/{state.n_second_derivatives}",
        f"{seconds:.3f}",
    )
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def _short(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2e}"
