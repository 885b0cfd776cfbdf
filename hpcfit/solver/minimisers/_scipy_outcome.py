"""The outcome of a method of SciPy, as the constants that all minimisers share."""

from __future__ import annotations

import re
from typing import Any

from hpcfit.solver.geodesic import (
    CONVERGED_COST,
    CONVERGED_GOAL,
    CONVERGED_STEP,
    STOPPED_EVALUATIONS,
    STOPPED_ITERATIONS,
    STOPPED_NO_PROGRESS,
    STOPPED_NOT_FINITE,
)

CONVERGED_GRADIENT = "converged: gradient"

#: Outcomes by a part of SciPy's message; limits come first, since some methods report them as success.
_LIMITS = (
    (r"evaluat|maxfun|maxfev", STOPPED_EVALUATIONS),
    (r"iteration", STOPPED_ITERATIONS),
    (r"\bnan\b", STOPPED_NOT_FINITE),
)
_CONVERGED = (
    (r"gtol|gradient|pg\|", CONVERGED_GRADIENT),
    (r"relative error|target", CONVERGED_GOAL),
    (r"ftol|reduction of f|f_n", CONVERGED_COST),
    (r"xtol|x_n|trust.region|hyperrectangle", CONVERGED_STEP),
)


def outcome(result: Any, method: str) -> str:
    """Return the outcome of an `OptimizeResult` of `method`."""
    message = result.message if isinstance(result.message, str) else " ".join(result.message)
    words = " ".join(message.split()).lower()
    for pattern, name in _LIMITS:
        if re.search(pattern, words):
            return name
    if not result.success:
        return STOPPED_NO_PROGRESS
    for pattern, name in _CONVERGED:
        if re.search(pattern, words):
            return name
    return f"converged: {method}"
