"""The sets of the scoreboard and its solvers, as tables; every pair is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import exponentials
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


SETS = {
    "nist": CaseSet("NIST, both starts, six digits", nist.both_starts, Aim(54, mean=11)),
    "ens": CaseSet("NIST, perturbed starts", nist.perturbed, Aim(415, per_success=60)),
    "exp4": CaseSet("four exponentials, far starts", exponentials.far_starts, Aim(18, mean=30)),
    "exp-3": CaseSet("three exponentials", partial(exponentials.series, 3), Aim(20)),
    "exp-4": CaseSet("four exponentials", partial(exponentials.series, 4), Aim(20)),
    "exp-5": CaseSet("five exponentials", partial(exponentials.series, 5), Aim(20, median=40)),
    "exp-6": CaseSet("six exponentials", partial(exponentials.series, 6), Aim(19)),
    "exp-7": CaseSet("seven exponentials", partial(exponentials.series, 7), Aim(0)),
}

#: What runs while tuning: seconds for one solver.
QUICK = ("nist", "exp4", "exp-5", "exp-6")

SOLVERS: dict[str, Callable[[Counters], None]] = {
    "hpcfit": ours.solve,
    "scipy-lm-jac": partial(scipy_solvers.solve, method="lm", scaling="jac"),
    "scipy-lm-1": partial(scipy_solvers.solve, method="lm", scaling=1.0),
    "scipy-trf-jac": partial(scipy_solvers.solve, method="trf", scaling="jac"),
    "scipy-trf-1": partial(scipy_solvers.solve, method="trf", scaling=1.0),
    "scipy-dogbox-jac": partial(scipy_solvers.solve, method="dogbox", scaling="jac"),
    "scipy-dogbox-1": partial(scipy_solvers.solve, method="dogbox", scaling=1.0),
}
