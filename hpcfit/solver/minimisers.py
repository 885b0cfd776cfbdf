"""Which minimiser belongs to which options."""

from __future__ import annotations

from collections.abc import Iterator

from hpcfit.records import Minimiser, NloptOptions, ScipyOptions, SpaOptions, State
from hpcfit.solver import geodesic, nlopt_minimise, scipy_minimise, spa
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds


def iterate(problem: Problem, state: State, bounds: Bounds, options: Minimiser) -> Iterator[State]:
    """Yield the state after every iteration, and last the best point with the outcome.

    A state with the iteration of the one before is nothing new, only a chance to stop. Closing the generator ends the
    minimiser. Geodesic Levenberg-Marquardt goes on from any state with the same bits; the others start again from its
    point, counting on.
    """
    if isinstance(options, SpaOptions):
        return spa.iterate(problem, state, bounds, options, iterate)
    if isinstance(options, ScipyOptions):
        return scipy_minimise.iterate(problem, state, bounds, options)
    if isinstance(options, NloptOptions):
        return nlopt_minimise.iterate(problem, state, bounds, options)
    return geodesic.iterate(problem, state, bounds, options)
