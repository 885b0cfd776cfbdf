"""Running a solver on a set, and the line that says what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cases import Case, Counters, ExhaustedError
from sets import Aim

HEADER = f"{'':24}{'solved':>10}{'gm J':>8}{'median J':>10}{'gm f':>8}{'J/success':>11}{'errors':>8}{'s':>7}"


@dataclass(frozen=True)
class Run:
    """One case by one solver: Jacobians and evaluations to the goal (None if not met), all Jacobians, and any error."""

    name: str
    jacobians: int | None
    evaluations: int | None
    n_jacobians: int
    lowest: float
    seconds: float
    error: str


def run(solve: Callable[[Counters], None], case: Case) -> Run:
    """Run one case; what the solver raises is part of the result."""
    counters, error, begin = Counters(case), "", time.perf_counter()
    try:
        solve(counters)
    except ExhaustedError:
        pass
    except Exception as problem:  # a competitor that breaks loses this case, not the table
        error = f"{type(problem).__name__}: {problem}"
    return Run(
        case.name,
        counters.jacobians,
        counters.evaluations,
        counters.n_jacobians,
        counters.lowest,
        time.perf_counter() - begin,
        error,
    )


@dataclass(frozen=True)
class Score:
    """A solver on a set."""

    n_cases: int
    solved: int
    mean: float
    median: float
    evaluations: float
    per_success: float
    errors: int
    seconds: float

    def __str__(self) -> str:
        counts = f"{self.mean:8.1f}{self.median:10.0f}{self.evaluations:8.1f}{self.per_success:11.1f}"
        return f"{f'{self.solved}/{self.n_cases}':>10}{counts}{self.errors:8d}{self.seconds:7.1f}"

    def verdict(self, aim: Aim) -> str:
        """Return the aim of the set and whether this score reaches it."""
        asked = [(f"solved >= {aim.solved}", self.solved >= aim.solved)]
        for text, most, found in (
            ("gm J", aim.mean, self.mean),
            ("median J", aim.median, self.median),
            ("J/success", aim.per_success, self.per_success),
        ):
            if most is not None:
                asked.append((f"{text} <= {most:g}", found <= most))
        return ", ".join(f"{text}: {'pass' if met else 'FAIL'}" for text, met in asked)


def score(runs: list[Run]) -> Score:
    """Return the line of a table."""
    solved = [run for run in runs if run.jacobians is not None]
    jacobians = np.array([run.jacobians for run in solved], dtype=float)
    evaluations = np.array([run.evaluations for run in solved], dtype=float)
    spent = sum(run.n_jacobians for run in runs)
    return Score(
        len(runs),
        len(solved),
        _geometric_mean(jacobians),
        float(np.median(jacobians)) if solved else np.nan,
        _geometric_mean(evaluations),
        spent / len(solved) if solved else np.inf,
        sum(bool(run.error) for run in runs),
        sum(run.seconds for run in runs),
    )


def _geometric_mean(values: np.ndarray) -> float:
    return float(np.exp(np.mean(np.log(values)))) if len(values) else np.nan
