"""SciPy's least-squares solvers on a case, and L-BFGS-B, which sees the cost and its gradient alone."""

from __future__ import annotations

import numpy as np
from cases import Array, Counters
from scipy.optimize import least_squares, minimize

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


def solve_gradient(counters: Counters) -> None:
    """Run L-BFGS-B on |r|^2 / 2 with the gradient J^T r to its end.

    A cost that is not finite would break its line search; it becomes one far above that of the start.
    """
    first = counters.residual(counters.case.start)
    high = 1e3 * float(first @ first)

    def cost(x: Array) -> tuple[float, Array]:
        r = counters.residual(x)
        value = 0.5 * float(r @ r)
        if not np.isfinite(value):
            return high, np.zeros(len(x))
        return value, counters.jacobian(x).T @ r

    settings = {"maxiter": 10**6, "maxfun": 10**6, "ftol": 0.0, "gtol": 0.0, "maxcor": 20}
    minimize(cost, counters.case.start, jac=True, method="L-BFGS-B", options=settings)
