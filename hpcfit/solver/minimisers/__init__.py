"""The minimisers that a job may name, one file per minimiser or library."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from hpcfit.catalogue import records
from hpcfit.records import Minimiser, MinimiserForm, State
from hpcfit.solver.problem import Problem
from hpcfit.solver.step import Bounds


@cache
def minimisers() -> tuple[MinimiserForm, ...]:
    """Return the records of all minimisers."""
    return records(__name__, MinimiserForm)


def iterate(problem: Problem, state: State, bounds: Bounds, options: Minimiser) -> Iterator[State]:
    """Yield the state after every iteration, and last the best point with the outcome.

    A state that repeats the iteration of the previous one only offers a chance to stop. Closing the generator ends the
    minimiser. Geodesic Levenberg-Marquardt continues from any state with the same bits; the others restart from its
    point and keep its counts.
    """
    form = next(form for form in minimisers() if form.settings is type(options))
    nested = (iterate,) if form.wraps else ()
    return form.run(problem, state, bounds, options, *nested)
