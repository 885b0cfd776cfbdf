"""Sums of K decaying exponentials in logarithms of amplitudes and rates: the sloppier, the more there are.

Data are those of the true parameters at 40 points of [0, 4], so that the minimum is zero; all amplitudes are 1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from cases import Array, Case

_T = np.linspace(0.0, 4.0, 40)[:, None]

N_STARTS = 20


def truth(n_terms: int) -> Array:
    """Return log amplitudes and log rates [2 K]; rates evenly spaced in the logarithm from 0.3 to 10."""
    return np.concatenate([np.zeros(n_terms), np.log(np.geomspace(0.3, 10.0, n_terms))])


#: The four rates of the single set with far starts.
FOUR = np.concatenate([np.zeros(4), np.log([0.3, 1.0, 3.0, 9.0])])


def _sum(p: Any) -> Any:
    half = len(p) // 2
    return (np.exp(p[:half]) * np.exp(-np.exp(p[half:]) * _T)).sum(axis=1)


def _residual(true: Array, p: Any) -> Any:
    return _sum(p) - _sum(true)


def _cases(
    label: str, true: Array, width: float, tolerance: float, n_jacobians: int, seed: int
) -> list[Case]:
    random = np.random.default_rng([seed, len(true), n_jacobians])
    goal = tolerance * float(np.sum(_sum(true) ** 2))
    starts = true + width * random.standard_normal((N_STARTS, len(true)))
    residual = partial(_residual, true)
    return [
        Case(f"{label}#{k}", residual, start, goal, n_jacobians=n_jacobians) for k, start in enumerate(starts)
    ]


def far_starts(seed: int) -> list[Case]:
    """Return 20 cases of four exponentials from starts of width 1.5, to |r|^2 <= 1e-10 |y|^2."""
    return _cases("EXP4", FOUR, 1.5, 1e-10, 500, seed)


def series(n_terms: int, seed: int) -> list[Case]:
    """Return 20 cases from starts of width 0.4, to |r|^2 <= 1e-16 |y|^2 with at most 400 Jacobians."""
    return _cases(f"EXP-{n_terms}", truth(n_terms), 0.4, 1e-16, 400, seed)
