"""One line per iteration, flushed; on a terminal above a spinner."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import numpy as np

from hpcfit.fit import FitStep, Listener
from hpcfit.records import State
from hpcfit.report.report import restart_text
from hpcfit.runfile.header import LossDisplay, RunHeader

if TYPE_CHECKING:
    from hpcfit.report.terminal import LiveLines

_WIDTHS = (9, 17, 9, 9, 9, 9, 9, 11, 9)


class Progress(Listener):
    """Writes a line for every iteration and, unless `interval` is 0, the parameters every `interval` iterations."""

    def __init__(self, header: RunHeader, stream: TextIO, interval: int = 0) -> None:
        self._header = header
        self._stream = stream
        self._interval = interval
        self._restarted: str | None = None  # None before the first step
        self._live: LiveLines | None = None
        if stream.isatty():
            from hpcfit.report.terminal import LiveLines

            self._live = LiveLines(stream)

    def step(self, step: FitStep) -> None:
        """Write the line of a state, after a note on a restart and before the parameters."""
        state, is_first = step.state, self._restarted is None
        if is_first:
            self._write(titles(self._header.loss))
        elif state.restarted != self._restarted:
            self._write(f"restart: {restart_text(state)}")
        self._restarted = state.restarted
        if not step.resumed:
            self._write(iteration_line(self._header.loss, state, step.seconds))
        if state.outcome:
            self.close()
            return
        if self._live:
            self._live.show(f"iteration {state.iteration + 1}")
        if self._interval and not is_first and state.iteration % self._interval == 0:
            for parameter, value in zip(self._header.parameters, step.values, strict=True):
                if parameter.varies:
                    number = self._header.style.number(value, 10)
                    self._write(f"  {parameter.path}: {number} {parameter.unit}")

    def close(self) -> None:
        """Remove the spinner; the lines stay."""
        if self._live:
            self._live.stop()

    def _write(self, text: str) -> None:
        if self._live:
            self._live.write(text)
            return
        self._stream.write(f"{text}\n")
        self._stream.flush()


def titles(loss: LossDisplay) -> str:
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


def iteration_line(loss: LossDisplay, state: State, seconds: float) -> str:
    """Return the line of a state: ten digits of the loss, three of the other numbers."""
    cells = (
        str(state.iteration),
        loss.text(state.cost),
        *(_short(value) for value in (state.gradient, state.angle, state.solver.damping, state.step)),
        "-" if np.isnan(state.acceleration) else f"{state.acceleration:.3f}",
        f"{state.n_linearisations}/{state.n_costs}/{state.n_second_derivatives}",
        f"{seconds:.3f}",
    )
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def _short(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2e}"
