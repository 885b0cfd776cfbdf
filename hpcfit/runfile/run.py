"""What a run has come to, and all that a run file says of it."""

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
        Name of the rule that ended it, as in ``converged: gradient angle``.
    state
        The last accepted state.
    covariance
        [n_varying, n_varying] of the parameters that vary, free or dependent, in the products of their units; NaN
        where undetermined.
    singular_values
        [n_free], of the triangular factor with columns scaled to norm 1, largest first.
    predictions
        One per dataset, in document order.
    timings
        Seconds of wall time by phase; phases do not overlap, their sum is the whole time.
    structures
        Of every own structure, then of every derived property, in document order.
    directions
        [n_free, n_free], a row of length 1 for each singular value: components of the variables, in units of what
        their columns' norms scale.
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
        What was known before the first iteration.
    state
        The last stored state, with the bits the solver gave.
    values
        [n_parameters], all parameters at that state.
    history
        Columns by name, one row per accepted iteration: every number of `State`, ``x`` [n_rows, n_free]
        and ``seconds`` [n_rows], wall time since the row before.
    result
        None while the run is not finished.
    relaxed
        Per block of own structures, from where its relaxations go on.
    path
        The run file.
    source
        The file the content was read from: `path`, or the generation before it where `path` is unreadable.
    """

    header: RunHeader
    state: State
    values: FloatArray
    history: History
    result: RunResult | None
    relaxed: tuple[FloatArray, ...] = ()
    path: str = ""
    source: str = ""

    @property
    def complete(self) -> bool:
        """Whether the run was finished."""
        return self.result is not None

    @property
    def note(self) -> str:
        """What the user must be told of how this was read; empty when all is well."""
        if self.source == self.path:
            return ""
        return (
            f"{self.path}: unreadable, {self.source} is used in its place (iteration {self.state.iteration})"
        )


def plain_values(parameters: tuple[Parameter, ...], state: State) -> FloatArray:
    """Return the values [n_parameters] of all parameters at `state` where the solver's variables are parameters."""
    values = np.array([p.start for p in parameters], dtype=np.float64)
    values[np.array([p.free for p in parameters], dtype=bool)] = state.x
    return values


def standard_errors(parameters: tuple[Parameter, ...], covariance: FloatArray) -> FloatArray:
    """Return the standard errors [n_parameters] in the parameters' units: NaN where fixed or undetermined."""
    errors = np.full(len(parameters), np.nan)
    variances = np.diagonal(covariance)
    # a negative variance is one that rounding has made meaningless
    errors[np.array([p.varies for p in parameters], dtype=bool)] = np.sqrt(
        np.where(variances >= 0.0, variances, np.nan)
    )
    return errors
