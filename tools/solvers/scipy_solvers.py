"""SciPy's least-squares solvers on a case."""

from __future__ import annotations

import numpy as np
from cases import Array, Counters
from scipy.optimize import least_squares

#: The smallest that `lm` takes; the test on the cost is off where that is allowed.
_TIGHT = 1e-15


def solve(counters: Counters, method: str, scaling: str | int) -> None:
    """Run a fit to its end."""
    case = counters.case
    bounds = (-np.inf, np.inf) if case.upper is None else (np.full(len(case.start), -np.inf), case.upper)

    def derivative(x: Array) -> Array:
        return counters.jacobian(x)

    least_squares(
        counters.residual,
        case.start,
        derivative,
        bounds=bounds,
        method=method,
        x_scale=scaling,
        ftol=_TIGHT if method == "lm" else None,
        xtol=_TIGHT,
        gtol=_TIGHT,
        max_nfev=10**6,
    )
