"""NIST problems with one active bound each: 240 cases, every parameter of every problem from both starts.

One upper bound cuts off the certified value b of one parameter: it lies at b - d, d = max(5 standard deviations, 2 % of
|b|). A start beyond it is put at b - 2 d. A case is solved when the sum of squares is within 1e-6 of the constrained
minimum, which is found here by moving the parameter from b to the bound in steps and minimising over the others.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from cases import Array, Case, jacobian
from nist import MODELS, Certified, read
from scipy.optimize import least_squares

_N_STEPS = 10


def cut(problem: Certified, j: int) -> float:
    """Return how far below its certified value parameter `j` is held."""
    return max(5 * float(problem.deviations[j]), 0.02 * abs(float(problem.parameters[j])))


@cache
def constrained_minimum(name: str, j: int) -> float:
    """Return the least sum of squares with parameter `j` at its bound."""
    problem = read(name)
    others = np.arange(len(problem.parameters)) != j
    x = problem.parameters.copy()

    def whole(y: Array, fixed: float) -> Array:
        point = np.empty(len(x), dtype=y.dtype)
        point[others], point[j] = y, fixed
        return point

    for fixed in x[j] - cut(problem, j) * np.arange(1, _N_STEPS + 1) / _N_STEPS:
        found = least_squares(
            lambda y, fixed=fixed: problem.residual(whole(y, fixed)),
            x[others],
            lambda y, fixed=fixed: jacobian(problem.residual, whole(y, fixed))[:, others],
            x_scale="jac",
            xtol=1e-15,
            gtol=1e-15,
            ftol=None,
            max_nfev=1000,
        )
        x = whole(found.x, fixed)
    return 2 * float(found.cost)


def cases_of(problem: Certified) -> list[Case]:
    """Return the cases of one problem."""
    made = []
    for j, value in enumerate(problem.parameters):
        below = cut(problem, j)
        upper = np.full(len(problem.parameters), np.inf)
        upper[j] = value - below
        goal = constrained_minimum(problem.name, j) * (1 + 1e-6)
        for k, start in enumerate(problem.starts):
            inside = start.copy()
            if inside[j] >= upper[j]:
                inside[j] = value - 2 * below
            made.append(Case(f"{problem.name}/{k + 1} b{j + 1}", problem.residual, inside, goal, upper=upper))
    return made


def cases(_seed: int) -> list[Case]:
    """Return the 240 cases."""
    return [case for name in MODELS for case in cases_of(read(name))]
