"""hpcfit's own solver on a case: the Problem protocol answered by plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from cases import Array, Counters

from hpcfit.records import GeodesicOptions
from hpcfit.solver.geodesic import iterate, start
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.step import Bounds
from hpcfit.solver.triangular import factor_rows, linearisation

#: As tight as for every other solver, so that counts do not depend on the defaults.
TIGHT = {
    "max_iter": 10**6,
    "max_evaluations": 10**6,
    "angle_tolerance": 1e-14,
    "step_tolerance": 1e-14,
    "cost_tolerance": 0.0,
}


#: hpcfit with its defaults but for the tolerances, and what differs from that; the last stops by its own tolerances.
VARIANTS: dict[str, dict[str, Any]] = {
    "hpcfit": {},
    "hpcfit-plain": {"acceleration": False},
    "hpcfit-identity": {"scaling": "identity"},
    "hpcfit-gratification": {"damping": "delayed-gratification"},
    "hpcfit-nielsen": {"damping": "nielsen"},
    "hpcfit-umrigar": {"damping": "umrigar-nightingale"},
    "hpcfit-bold": {"bold": 2},
    "hpcfit-tolerances": {name: getattr(GeodesicOptions(), name) for name in TIGHT},
}


class ArrayProblem:
    """Answers the solver's questions; the residual of the last cost is kept for the linearisation there."""

    has_gradient = True

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.x = np.full(len(counters.case.start), np.nan)
        self.r = np.zeros(0)

    def cost(self, x: Array) -> float:
        """Return the sum of squares."""
        self.x, self.r = x.copy(), self.counters.residual(x)
        with np.errstate(over="ignore"):
            return float(self.r @ self.r) if np.isfinite(self.r).all() else np.inf

    def linearise(self, x: Array) -> Linearisation:
        """Return R and Q^T r."""
        if not np.array_equal(x, self.x):
            self.cost(x)
        self.point, self.residual, self.jacobian = self.x, self.r, self.counters.jacobian(x)
        return linearisation(factor_rows(np.vstack([self.jacobian.T, self.r])))

    def gradient(self, x: Array) -> tuple[float, Array]:
        """Return the sum of squares and J^T r."""
        if not np.array_equal(x, self.x):
            self.cost(x)
        return float(self.r @ self.r), np.asarray(self.counters.jacobian(x).T @ self.r)

    def second_derivative(self, v: Array, h: float) -> Array:
        """Return J^T r'' from one more residual, and with it the difference formula of the protocol."""
        with np.errstate(all="ignore"):
            ahead = self.counters.probe(self.point + h * v)
            second = 2 / h * ((ahead - self.residual) / h - self.jacobian @ v)
            return np.asarray(self.jacobian.T @ second)


def solve(counters: Counters, **options: Any) -> None:
    """Run a fit to its end."""
    case = counters.case
    without = np.full(len(case.start), np.inf)
    bounds = Bounds(-without, without if case.upper is None else case.upper)
    problem = ArrayProblem(counters)
    for _ in iterate(problem, start(case.start, problem), bounds, GeodesicOptions(**(TIGHT | options))):
        pass
