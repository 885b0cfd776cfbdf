"""One line per iteration, flushed; on a terminal above the pace, elsewhere with the pace now and then."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

import numpy as np

from hpcfit.fit import FitStep, Listener
from hpcfit.records import State
from hpcfit.report.pace import RECENT, pace_text
from hpcfit.report.report import restart_text
from hpcfit.runfile.header import LossDisplay, RunHeader

if TYPE_CHECKING:
    from hpcfit.report.terminal import LiveLines

#: Titles of the columns, the loss aside, with their widths and meanings; a line has 80 characters.
COLUMNS = {
    "iter": (4, "number of the iteration"),
    "loss": (15, "what the fit minimises: chi^2, or half of it for weights of KLIFF"),
    "gradient": (8, "largest component of J^T r in scaled parameters, before the step"),
    "angle": (7, "cosine of residual and tangent plane, 0 at a minimum"),
    "lambda": (7, "damping of Levenberg and Marquardt, large for short steps"),
    "step": (7, "length of the accepted step, in scaled parameters"),
    "accel": (5, "2|a|/|v|, geodesic acceleration of the step over its velocity"),
    "evaluations": (12, "so far: linearisations/costs/second derivatives"),
    "seconds": (7, "wall time of the iteration"),
}

#: Seconds between two lines with the pace where there is no terminal.
_PACE_INTERVAL = 60.0


class Progress(Listener):
    """Writes a line for every iteration and, unless `interval` is 0, the parameters every `interval` iterations."""

    def __init__(self, header: RunHeader, stream: TextIO, interval: int = 0) -> None:
        self._header = header
        self._stream = stream
        self._interval = interval
        self._restarted: str | None = None  # None before the first step
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._elapsed = self._said = 0.0
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
        self._show_pace(step, is_first)
        if self._interval and not is_first and state.iteration % self._interval == 0:
            for parameter, value in zip(self._header.parameters, step.values, strict=True):
                if parameter.varies:
                    number = self._header.style.number(value, 10)
                    self._write(f"  {parameter.path}: {number} {parameter.unit}")

    def _show_pace(self, step: FitStep, is_first: bool) -> None:
        self._elapsed += step.seconds
        if not is_first:
            self._recent.append(step.seconds)
        options, now = self._header.options, datetime.now()
        text = pace_text(step.state.iteration, self._elapsed, self._recent, options, now)
        if self._live:
            self._live.show(text)
        elif self._elapsed - self._said >= _PACE_INTERVAL:
            self._said = self._elapsed
            self._write(f"  {text}")

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
    """Return the titles of the columns, which `COLUMNS` explains."""
    names = (loss.label if name == "loss" else name for name in COLUMNS)
    return _line(names)


def legend() -> list[str]:
    """Return a line for every column."""
    width = max(map(len, COLUMNS))
    return [f"{name:<{width}}  {meaning}" for name, (_, meaning) in COLUMNS.items()]


def _line(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, (width, _) in zip(cells, COLUMNS.values(), strict=True))


def iteration_line(loss: LossDisplay, state: State, seconds: float) -> str:
    """Return the line of a state: ten digits of the loss, two of the others; the run file has all."""
    cells = (
        str(state.iteration),
        loss.text(state.cost),
        *(_short(value) for value in (state.gradient, state.angle, state.solver.damping, state.step)),
        "-" if np.isnan(state.acceleration) else f"{state.acceleration:.3f}",
        f"{state.n_linearisations}/{state.n_costs}/{state.n_second_derivatives}",
        _seconds(seconds),
    )
    return _line(cells)


def _short(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.1e}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1000.0 else f"{seconds:.0f}"
