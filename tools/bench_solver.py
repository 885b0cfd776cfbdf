"""What an iteration costs beside the kernels: ``python tools/bench_solver.py [P ...]``.

The problem is answered from a table: R and Q^T r made once, costs that fall, second derivatives of 0. What is left is
the solver's own work on the root, in seconds of processor time. Then what the reduction takes: QR of a block of rows,
and a node of the tree.
"""

from __future__ import annotations

import os
import resource
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported

import numpy as np

from hpcfit.records import FloatArray, GeodesicOptions
from hpcfit.solver.geodesic import iterate, start
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.step import Bounds
from hpcfit.solver.triangular import combine_triangles, factor_rows, linearisation


class Table:
    """A problem that answers at once, and counts the seconds in which it does."""

    def __init__(self, n: int) -> None:
        random = np.random.default_rng(n)
        self._rows = random.normal(size=(n + 1, 4 * n)) * np.logspace(0, -6, n + 1)[::-1, None]
        self._packed = factor_rows(self._rows.copy())
        self._cost = 1e6
        self._n = n

    def cost(self, x: FloatArray) -> float:
        """Return a cost below the last one."""
        self._cost *= 0.99
        return self._cost

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the table's factor, with a residual as large as the cost."""
        at = linearisation(self._packed)
        factor = np.sqrt(self._cost / at.cost)
        return Linearisation(at.triangle, at.projection * factor, at.rest * factor)

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return zeros."""
        return np.zeros(self._n)

    def reduction(self) -> tuple[float, float]:
        """Return the seconds of QR of 4 P rows, and of combining two triangles."""
        begin = time.process_time()
        block = factor_rows(self._rows.copy())
        middle = time.process_time()
        combine_triangles(block, self._packed)
        return middle - begin, time.process_time() - middle


def _seconds_per_iteration(n: int) -> float:
    problem, n_steps = Table(n), max(5, min(200, 20000 // n))
    options = GeodesicOptions(max_iter=n_steps, patience=10**6, initial_radius=1e-3, radius_up=1.01)
    unbounded = Bounds(np.full(n, -np.inf), np.full(n, np.inf))
    state = start(np.ones(n), problem)
    begin = time.process_time()
    last = list(iterate(problem, state, unbounded, options))[-1]
    return (time.process_time() - begin) / last.iteration


def main() -> None:
    """Print a line per number of parameters."""
    print(f"{'P':>6}{'ms per iteration':>18}{'ms QR of 4 P rows':>19}{'ms tree node':>14}{'MB peak':>9}")
    for n in [int(text) for text in sys.argv[1:]] or [20, 100, 1000]:
        own = _seconds_per_iteration(n)
        block, node = Table(n).reduction()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{n:6d}{1e3 * own:18.3f}{1e3 * block:19.3f}{1e3 * node:14.3f}{peak:9.0f}")


if __name__ == "__main__":
    main()
