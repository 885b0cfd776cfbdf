"""Measures what the gradient of a whole objective costs beside its residual: ``python tools/bench_gradient.py``.

Copper with embedded atoms whose three functions are splines, 20, 200 and 2,000 free nodes in all, a Cauchy loss and a
prior on every node. Residual and gradient alternate in one run; ratios are of medians of processor time on one core. It
ends with 1 where a ratio is above the aim, or the gradient is not J^T r where the Jacobian is small enough to be there.
"""

from __future__ import annotations

import os
import sys
import time
import tracemalloc

import numpy as np
from ase.build import bulk
from bench_splines import RANGES, spline_or_formula
from crystals import as_configurations, shaken

from hpcfit.objective.block import BlockObjective
from hpcfit.objective.model import Model
from hpcfit.objective.weights import Factors
from hpcfit.potential.library import potential_forms
from hpcfit.records import FloatArray, Group, Job, Potential, RobustLoss
from hpcfit.solver.priors import Priors

#: Residuals that a gradient may take.
AIM = 4.0
PAIRS = 15

#: Columns of which the Jacobian is worked out too.
MOST_COLUMNS = 2000


class Objective:
    """One block with its loss, and priors."""

    def __init__(self, n_nodes: int, repeat: int) -> None:
        roles = next(form for form in potential_forms() if form.name == "eam").roles
        shares = [len(part) for part in np.array_split(np.arange(n_nodes), len(RANGES))]
        functions = tuple(
            spline_or_formula(r.name, r.argument, n) for r, n in zip(roles, shares, strict=True)
        )
        parameters = tuple(p for function in functions for p in function.parameters)
        potential = Potential("P", "eam", parameters, functions, (0, 1, 2))
        atoms = shaken(bulk("Cu", "fcc", a=3.615, cubic=True).repeat(repeat))
        configurations, one = as_configurations(atoms), np.ones(1)
        factors = Factors(one, one, 100.0 * one, roots=np.array([one, one, one]))
        model = Model(Job("", "", "", "bench", ("Cu",), None, (potential,), Group("", 1.0, ()), False))
        self.block = BlockObjective(model, configurations, factors, [0], 1, RobustLoss("cauchy", 1.0))
        self.x, self.n_atoms = model.start, len(atoms)
        sigma = np.full(n_nodes, 0.5)
        self.priors = Priors(1.1 * self.x, sigma, model.variables.curves)

    def residual(self) -> float:
        """Return the sum of squares."""
        own = self.priors.rows(self.x)[0]
        return self.block.cost(self.x) + float(own @ own)

    def gradient(self) -> FloatArray:
        """Return J^T r by reverse mode."""
        own, slope, _ = self.priors.rows(self.x)
        return self.block.gradient(self.x)[1:] + slope * own

    def from_columns(self) -> FloatArray:
        """Return J^T r from the Jacobian."""
        rows = self.block.linearise(self.x)
        own, slope, _ = self.priors.rows(self.x)
        return rows[1:] @ rows[0] + slope * own


def main() -> int:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"{'nodes':>6}{'atoms':>8}{'residual':>12}{'gradient':>12}{'ratio':>8}{'kB more':>10}{'error':>10}")
    print(f"{'':14}{'us/atom':>12}{'us/atom':>12}")
    is_right = True
    for n_nodes in (20, 200, 2000):
        made = Objective(n_nodes, 7)
        made.residual(), made.gradient()
        seconds: list[list[float]] = [[], []]
        for _ in range(PAIRS):
            for which, question in enumerate((made.residual, made.gradient)):
                begun = time.process_time()
                question()
                seconds[which].append(time.process_time() - begun)
        residual, gradient = (float(np.median(part)) for part in seconds)
        error = _error(made) if n_nodes <= MOST_COLUMNS else np.nan
        ratio, scale = gradient / residual, 1e6 / made.n_atoms
        row = f"{n_nodes:6}{made.n_atoms:8}{residual * scale:12.3f}{gradient * scale:12.3f}{ratio:8.2f}"
        print(f"{row}{_peak(made) / 1e3:10.0f}{error:10.1e}")
        is_right = is_right and ratio <= AIM and not error > 1e-12
    return 0 if is_right else 1


def _error(made: Objective) -> float:
    wanted = made.from_columns()
    return float(np.linalg.norm(made.gradient() - wanted) / np.linalg.norm(wanted))


def _peak(made: Objective) -> int:
    """Return the memory that one more gradient takes at its peak."""
    tracemalloc.start()
    made.gradient()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    sys.exit(main())
