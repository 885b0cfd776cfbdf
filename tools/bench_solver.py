"""Processor time of an iteration besides kernels (rows to factors, factors along the tree, the root), and memory.

``python tools/bench_solver.py [--columns 20 1000] [--rows 20000] [--blocks 16] [--assembly tsqr]`` fits rows
u + u^2 / 10 - b, u = A x, whose own time is taken off, and ends with 1 where 20 columns take more than the aim besides
the factors of the rows, which grow with the data.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from hpcfit.parallel import service
from hpcfit.parallel.assembly import ASSEMBLIES, Assembly
from hpcfit.parallel.communicator import Serial
from hpcfit.records import GeodesicOptions
from hpcfit.solver.geodesic import iterate, start
from hpcfit.solver.step import Bounds

#: Milliseconds of an iteration with 20 free parameters on one rank, besides kernels and factors of rows.
AIM = 1.0

SECONDS: dict[str, float] = defaultdict(float)


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose time is added up under a name."""

    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        begun = time.process_time()
        result = function(*arguments, **keywords)
        SECONDS[name] += time.process_time() - begun
        return result

    return wrapped


class Rows:
    """A block of rows."""

    def __init__(self, n_rows: int, n: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.columns = np.zeros((n + 1, n_rows))
        # Condition 1e3.
        self.matrix = random.normal(size=(n, n_rows)) * np.logspace(0, -3, n)[:, None]
        self.target = random.normal(size=n_rows)
        self.cost = timed("kernels", self._cost)
        self.linearise = timed("kernels", timed("kernels of linearisations", self._linearise))
        self.second_derivative = timed("kernels", self._second_derivative)

    def _residual(self, x: np.ndarray) -> np.ndarray:
        u = x @ self.matrix
        return u + 0.1 * u**2 - self.target

    def _cost(self, x: np.ndarray) -> float:
        r = self._residual(x)
        return float(r @ r)

    def _linearise(self, x: np.ndarray) -> np.ndarray:
        self.columns[0] = self._residual(x)
        np.multiply(self.matrix, 1.0 + 0.2 * (x @ self.matrix), out=self.columns[1:])
        return self.columns

    def _second_derivative(self, v: np.ndarray, h: float) -> np.ndarray:
        return self.columns[1:] @ (0.2 * (v @ self.matrix) ** 2)


class Local:
    """Answers as the objective of one rank does."""

    def __init__(self, n_rows: int, n: int, n_blocks: int, assembly: str) -> None:
        self.blocks = [Rows(n_rows // n_blocks, n, seed) for seed in range(n_blocks)]
        blocks = [SimpleNamespace(cost=1.0)] * n_blocks
        self.plan = SimpleNamespace(blocks=blocks, assembly=assembly, runs_python=False)

    def own(self, first: int, last: int) -> None:
        """Own everything."""

    def each(self, question: Callable[[Rows], Any]) -> Iterator[Any]:
        """Put a question to one block after the other."""
        return map(question, self.blocks)


def fit(local: Local, n: int) -> int:
    """Return the number of iterations of a fit whose start is the same always."""
    bounds = Bounds(np.full(n, -np.inf), np.full(n, np.inf))
    options = GeodesicOptions(max_iter=10 if n < 200 else 3, angle_tolerance=0.0, cost_tolerance=0.0)
    with service.requests(service.Worker(local, Serial())) as problem:  # type: ignore[arg-type]
        first = start(np.full(n, 0.1), problem)
        SECONDS.clear()
        begun = time.process_time()
        *_, last = iterate(problem, first, bounds, options)
        SECONDS["all"] = time.process_time() - begun
    return last.n_linearisations


def with_times(assembly: Assembly) -> Assembly:
    return replace(
        assembly,
        part=timed("rows", assembly.part),
        collect=timed("collect", assembly.collect),
    )


def measure(n: int, n_rows: int, n_blocks: int, assembly: str) -> float:
    """Print milliseconds per linearisation and peak memory; return what is neither kernels nor rows."""
    local = Local(n_rows, n, n_blocks, assembly)
    plain = ASSEMBLIES[assembly]
    ASSEMBLIES[assembly] = with_times(plain)
    best: dict[str, float] = {}
    for _ in range(5 if n < 200 else 1):
        count = fit(local, n)
        # Of a linearisation's kernels all but the residuals and second derivatives lie inside of collecting.
        inside = SECONDS["kernels of linearisations"]
        found = {
            "rows": SECONDS["rows"],
            "tree": SECONDS["collect"] - SECONDS["rows"] - inside,
            "root": SECONDS["all"] - SECONDS["collect"] - (SECONDS["kernels"] - inside),
        }
        found = {name: 1e3 * seconds / count for name, seconds in found.items()}
        best = {name: min(value, best.get(name, np.inf)) for name, value in found.items()}
    ASSEMBLIES[assembly] = plain
    tracemalloc.start()
    fit(local, n)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    times = ", ".join(f"{name} {value:.3f} ms" for name, value in best.items())
    print(
        f"{assembly}, {n} columns, {n_rows} rows, {n_blocks} blocks: {times}, {peak:.1f} MB besides the rows"
    )
    return best["tree"] + best["root"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, nargs="+", default=[20, 1000])
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--blocks", type=int, default=16)
    parser.add_argument("--assembly", choices=ASSEMBLIES, default="tsqr")
    options = parser.parse_args()
    threadpool_limits(1)
    own = {n: measure(n, options.rows, options.blocks, options.assembly) for n in options.columns}
    return int(own.get(20, 0.0) > AIM)


if __name__ == "__main__":
    sys.exit(main())
