"""Rules of damping, which limit the next step after an accepted and after a rejected one.

``radius`` limits |D v|, which determines lambda; the others set lambda. Transtrum and Sethna, arXiv:1201.5885, section
3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hpcfit.records import GeodesicOptions, SolverState
from hpcfit.solver.secular import Solution, System
from hpcfit.solver.step import Choice, QuadraticModel

#: A smaller lambda has no effect, and would take too many steps to raise again.
_LEAST_DAMPING = float(np.finfo(float).eps ** 2)


@dataclass(frozen=True)
class Trial:
    """The result of a step.

    Parameters
    ----------
    length
        |D v|.
    ratio
        2|second-order step|/|first-order step| in the norm of D; infinite where it is not finite.
    gain
        Actual over predicted decrease of the cost; minus infinity if the cost was not evaluated.
    cosine
        Cosine between D v and that of the last accepted step; 0 for the first step.
    n_rejected
        Number of consecutive rejected steps before this one.
    """

    length: float
    ratio: float
    gain: float
    cosine: float
    n_rejected: int


class Rule(Protocol):
    """A rule of damping; its methods return the state with damping or radius for the next trial."""

    def first(self, state: SolverState, model: QuadraticModel, options: GeodesicOptions) -> SolverState:
        """Return the state before the first step."""

    def choice(self, state: SolverState) -> Choice:
        """Return how the rule picks a step of a linear model."""

    def accepted(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Return the state after an accepted trial point."""

    def rejected(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Return the state after a rejected trial point."""


class Radius:
    """|D v| <= radius; it grows by a factor after success, shrinks after failure or too much acceleration."""

    def first(self, state: SolverState, model: QuadraticModel, options: GeodesicOptions) -> SolverState:
        """Begin at a multiple of |D x|."""
        length = float(np.linalg.norm(model.scale * model.x))
        return replace(state, radius=options.initial_radius * (length or 1.0), damping=0.0)

    def choice(self, state: SolverState) -> Choice:
        """Take the undamped step if it is short enough, otherwise the one whose length is the radius."""

        def choose(system: System, used: float) -> Solution:
            # Components fixed at bounds leave at least a tenth of the radius for the others.
            rest = state.radius * np.sqrt(max(1.0 - (used / state.radius) ** 2, 0.01))
            return system.within(float(rest), state.damping)

        return choose

    def accepted(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Grow by the factor."""
        return replace(state, radius=options.radius_up * state.radius)

    def rejected(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Shrink below the rejected step, more for a larger acceleration."""
        factor = 1.0 / options.radius_down
        if trial.ratio > options.alpha:
            factor = float(np.clip(0.9 * options.alpha / trial.ratio, 0.1, 0.5))
        return replace(state, radius=factor * min(state.radius, trial.length))


class _Lambda:
    """The common part of the rules for lambda."""

    def first(self, state: SolverState, model: QuadraticModel, options: GeodesicOptions) -> SolverState:
        """Begin with a fraction of the largest diagonal element of the scaled problem."""
        # In units of J^T J, whose largest diagonal element is 1 if D holds the column norms.
        norms = np.sqrt(np.einsum("ij,ij->j", model.system.matrix, model.system.matrix))
        return replace(state, damping=options.initial_damping * float(norms.max(initial=0.0) ** 2 or 1.0))

    def choice(self, state: SolverState) -> Choice:
        """Take the step of the state's lambda."""
        return lambda system, used: system.damped(state.damping)


class DelayedGratification(_Lambda):
    """Fixed factors: lambda falls by a large factor after success and rises by a small one after failure."""

    def accepted(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Divide by the large factor."""
        return _with_damping(state, state.damping / options.damping_down)

    def rejected(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Multiply by the small factor."""
        return _with_damping(state, state.damping * options.damping_up)


class Nielsen(_Lambda):
    """lambda follows the gain smoothly; H. B. Nielsen, IMM-REP-1999-05, eq. 2.21."""

    def accepted(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Divide by at most 3, if the linear model was right."""
        return _with_damping(state, state.damping * max(1 / 3, 1.0 - (2.0 * trial.gain - 1.0) ** 3))

    def rejected(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Multiply by 2, 4, 8, ... in a row."""
        return _with_damping(state, state.damping * 2.0 ** (trial.n_rejected + 1))


class UmrigarNightingale(_Lambda):
    """lambda follows the recent rate of success and the cosine between consecutive steps.

    Transtrum and Sethna, arXiv:1201.5885, section 3.
    """

    def accepted(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Fall after a step downhill in the direction of the last one, rise a little after one uphill."""
        downhill = trial.gain > 0.0
        state = _remember(state, 1.0 if downhill and trial.cosine > 0.0 else 0.5)
        if not downhill:
            return _with_damping(state, state.damping * np.sqrt(_factor(state)))
        return _with_damping(state, state.damping / _factor(state)) if trial.cosine >= 0.0 else state

    def rejected(self, state: SolverState, trial: Trial, options: GeodesicOptions) -> SolverState:
        """Rise, less if the direction is that of the last step."""
        state = _remember(state, 0.0)
        factor = _factor(state)
        return _with_damping(state, state.damping * (np.sqrt(factor) if trial.cosine > 0.0 else factor))


def _remember(state: SolverState, success: float) -> SolverState:
    kept = float(np.exp(-0.2))
    return replace(state, memory=kept * state.memory + (1.0 - kept) * success)


def _factor(state: SolverState) -> float:
    away = 1.0 - abs(2.0 * state.memory - 1.0)
    return float(np.clip(away**-2.0, 1.1, 100.0)) if away > 0.0 else 100.0


def _with_damping(state: SolverState, damping: float) -> SolverState:
    return replace(state, damping=max(float(damping), _LEAST_DAMPING))


#: By their names in the job.
RULES: dict[str, Rule] = {
    "radius": Radius(),
    "delayed-gratification": DelayedGratification(),
    "nielsen": Nielsen(),
    "umrigar-nightingale": UmrigarNightingale(),
}
