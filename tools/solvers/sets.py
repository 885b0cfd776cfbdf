"""The sets of the scoreboard and its solvers, as tables; every pair is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import bounded
import exponentials
import gsl_solvers
import more_wild
import nist
import ours
import scipy_solvers
from cases import Case, Counters

#: The seed of starts that are looked at while tuning, and that of the starts reported once.
SEEDS = {"development": 1, "final": 2}


@dataclass(frozen=True)
class Aim:
    """What hpcfit is to reach on a set; None where nothing is asked.

    `mean` bounds the geometric mean and `median` the median of Jacobians to the goal, `per_success` all Jacobians
    spent by cases solved.
    """

    solved: int
    mean: float | None = None
    median: float | None = None
    per_success: float | None = None


@dataclass(frozen=True)
class CaseSet:
    """A set of cases: what it is, how it is made from a seed, and the aim."""

    title: str
    make: Callable[[int], list[Case]]
    aim: Aim
    bounded: bool = False


SETS = {
    "nist": CaseSet("NIST, both starts, six digits", nist.both_starts, Aim(54, mean=11)),
    "ens": CaseSet("NIST, perturbed starts", nist.perturbed, Aim(415, per_success=60)),
    "exp4": CaseSet("four exponentials, far starts", exponentials.far_starts, Aim(18, mean=30)),
    "exp-3": CaseSet("three exponentials", partial(exponentials.series, 3), Aim(20)),
    "exp-4": CaseSet("four exponentials", partial(exponentials.series, 4), Aim(20)),
    "exp-5": CaseSet("five exponentials", partial(exponentials.series, 5), Aim(20, median=40)),
    "exp-6": CaseSet("six exponentials", partial(exponentials.series, 6), Aim(19)),
    "exp-7": CaseSet("seven exponentials", partial(exponentials.series, 7), Aim(0)),
    "mgh": CaseSet("More-Garbow-Hillstrom, starts x1, x10, x100", more_wild.cases, Aim(98)),
    "bounded": CaseSet("NIST, one active bound each", bounded.cases, Aim(208, mean=7), bounded=True),
}

#: What runs while tuning: seconds for one solver.
QUICK = ("nist", "exp4", "exp-5", "exp-6")


@dataclass(frozen=True)
class Solver:
    """How to run a fit to its end, and whether it takes bounds."""

    solve: Callable[[Counters], None]
    bounds: bool = True


def _solvers() -> dict[str, Solver]:
    found = {name: Solver(partial(ours.solve, **options)) for name, options in ours.VARIANTS.items()}
    for method in ("lm", "trf", "dogbox"):
        for scaling in ("jac", 1):
            solve = partial(scipy_solvers.solve, method=method, scaling=scaling)
            found[f"scipy-{method}-{scaling}"] = Solver(solve, method != "lm")
    for accelerated in (False, True):
        for scaling in gsl_solvers.SCALINGS:
            solve = partial(gsl_solvers.solve, accelerated=accelerated, scaling=scaling)
            found[f"gsl-{'accel' if accelerated else 'lm'}-{scaling}"] = Solver(solve, bounds=False)
    return found


SOLVERS = _solvers()
