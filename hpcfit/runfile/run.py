"""The result of a run, and the content of a run file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray, Parameter, Predictions, State
from hpcfit.runfile.header import RunHeader
from hpcfit.runfile.outcomes import StructureOutcome

History = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class RunResult:
    """The end of a run.

    Parameters
    ----------
    outcome
        The rule that ended it, as ``converged: gradient angle``.
    state
        The last accepted state.
    covariance
        [n_varying, n_varying] of the varying parameters, free or dependent, in the products of their units; NaN if
        undetermined.
    singular_values
        [n_free], of the triangular factor with columns scaled to norm 1, largest first.
    predictions
        One per dataset, in document order.
    timings
        Seconds of wall time by phase; phases do not overlap, and their sum is the total time.
    structures
        Of every own structure, then of every derived property, in document order.
    directions
        [n_free, n_free], a row of length 1 for each singular value; components count in units of the columns' norms.
    """

    outcome: str
    state: State
    covariance: FloatArray
    singular_values: FloatArray
    predictions: tuple[Predictions, ...]
    timings: Mapping[str, float]
    structures: tuple[StructureOutcome, ...] = ()
    directions: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True)
class StoredRun:
    """The content of a run file.

    Parameters
    ----------
    header
        The data before the first iteration.
    state
        The last stored state, bit for bit.
    values
        [n_parameters], all parameters at that state.
    history
        Columns by name, one row per accepted iteration: every number of `State`, ``x`` [n_rows, n_free]
        and ``seconds`` [n_rows], wall time since the row before.
    result
        None while the run is not finished.
    relaxed
        Per block of own structures, the start of its next relaxations.
    path
        The run file.
    source
        The file the content was read from: `path`, or the previous generation if `path` is unreadable.
    has_seal
        Whether every byte of it was compared with a checksum; earlier versions wrote none.
    """

    header: RunHeader
    state: State
    values: FloatArray
    history: History
    result: RunResult | None
    relaxed: tuple[FloatArray, ...] = ()
    path: str = ""
    source: str = ""
    has_seal: bool = True

    @property
    def complete(self) -> bool:
        """Whether the run was finished."""
        return self.result is not None

    @property
    def note(self) -> str:
        """A warning if `source` is not `path`, or has no seal; otherwise empty."""
        notes = []
        if self.source != self.path:
            used = f"{self.source} is used in its place (iteration {self.state.iteration})"
            notes.append(f"{self.path}: unreadable, {used}")
        if not self.has_seal:
            notes.append(f"{self.source}: of an earlier version, without checksums that would show damage")
        return "; ".join(notes)


def plain_values(parameters: tuple[Parameter, ...], state: State) -> FloatArray:
    """Return all parameters [n_parameters] at `state`, if the solver's variables are the free parameters."""
    values = np.array([p.start for p in parameters], dtype=np.float64)
    values[np.array([p.free for p in parameters], dtype=bool)] = state.x
    return values


def standard_errors(parameters: tuple[Parameter, ...], covariance: FloatArray) -> FloatArray:
    """Return the standard errors [n_parameters] in the parameters' units: NaN where fixed or undetermined."""
    errors = np.full(len(parameters), np.nan)
    variances = np.diagonal(covariance)
    # rounding may make a variance negative and meaningless
    errors[np.array([p.varies for p in parameters], dtype=bool)] = np.sqrt(
        np.where(variances >= 0.0, variances, np.nan)
    )
    return errors
