"""Stores the states and the result of a fit in a run file or in memory."""

from __future__ import annotations

from hpcfit import early_signals
from hpcfit.fit import Fit, FitStep, Listener
from hpcfit.records import FloatArray
from hpcfit.runfile.run import RunResult
from hpcfit.runfile.store import MemoryStore


class RunFile(Listener):
    """Saves every new state and the result."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def begin(self, fit: Fit) -> None:
        """Let a stop name the command that goes on: until the first state is stored, the one that began."""
        early_signals.run_file = self._store.run.path if self._store.resumes else ""

    def step(self, step: FitStep) -> None:
        """Save a state."""
        if not step.resumed:
            self._store.save(step.state, step.seconds, step.values, step.relaxed)
            early_signals.run_file = self._store.run.path

    def finish(self, result: RunResult, values: FloatArray) -> None:
        """Save the result."""
        self._store.finish(result, values)
