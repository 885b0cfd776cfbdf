"""External minimisers: methods of libraries that own their loop, as generators of states.

The method runs in a greenlet, which switches out with each new state, inside the library's call, and is resumed for the
next one. Everything runs in one thread, the only one that may call MPI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from hpcfit.records import FloatArray, GeodesicOptions, State
from hpcfit.solver.geodesic import (
    CONVERGED_ANGLE,
    STOPPED_EVALUATIONS,
    STOPPED_FLAT,
    STOPPED_ITERATIONS,
    STOPPED_NO_PROGRESS,
    STOPPED_NOT_FINITE,
)
from hpcfit.solver.problem import Linearisation, Problem
from hpcfit.solver.step import Bounds

#: A state is yielded after this many evaluations without improvement, so that the fit can be stopped.
_PATIENCE = 10

#: A cost that is not finite counts as this many times the largest cost so far, because methods interpolate.
_WALL = 10.0

#: Below this cosine between residual and tangent plane a fit without progress is at a minimum.
_ANGLE = GeodesicOptions().angle_tolerance

#: Directions of the equilibrated columns with smaller singular values do not count for it.
_RANK_CUT = float(np.sqrt(np.finfo(float).eps))


class NotFiniteError(Exception):
    """The Jacobian at the best point is not finite, so that no method can continue from there."""


class LimitError(Exception):
    """A limit of the job is reached; the message is the outcome."""


class ExternalProblem:
    """The problem for an external minimiser; keeps the best point and counts evaluations.

    A cost or Jacobian that is not finite becomes a wall: a large finite cost with zero gradient.

    Parameters
    ----------
    problem
        The least-squares problem.
    state
        Where the method starts.
    bounds
        The box. Points outside by rounding are moved to its edge.
    keeps_bounds
        Whether the method respects the box; otherwise the outside is a wall.
    by_improvement
        Whether every better point is an iteration; otherwise the method reports its iterations.
    max_iter, max_evaluations
        Limits of the counts in the state; None without one.
    """

    def __init__(
        self,
        problem: Problem,
        state: State,
        bounds: Bounds,
        keeps_bounds: bool,
        by_improvement: bool,
        max_iter: int | None = None,
        max_evaluations: int | None = None,
    ) -> None:
        self.state = state
        self._max_iter, self._max_evaluations = max_iter or np.inf, max_evaluations or np.inf
        self.bounds = bounds
        self.failure: BaseException | None = (
            None  #: the error that ended the evaluations; later ones raise it again
        )
        self.hand_up: Callable[[State], Any] = lambda _: None
        self._problem = problem
        self._keeps_bounds = keeps_bounds
        self.by_improvement = by_improvement
        #: of a column of the Jacobians, or component of the gradients, so far; negative where there were none
        self.largest_norm = -1.0
        self._waiting = 0  #: evaluations since the last state
        self._largest = state.cost
        self._at: tuple[bytes, Linearisation] | None = None
        self._descent: tuple[bytes, tuple[float, FloatArray]] | None = None

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n]."""
        inside = self._inside(x)
        cost = np.inf if inside is None else float(self._evaluate(self._problem.cost, inside))
        if not np.isfinite(cost):
            inside, cost = None, self._wall()
        self._take(inside, cost, np.nan, n_costs=1)
        return cost

    def linearise(self, x: FloatArray) -> Linearisation:
        """Return the linearisation at `x` [n]; that of the last point is cached.

        Raises
        ------
        NotFiniteError
            If it is not finite at the best point.
        """
        key = x.tobytes()
        if self._at is None or self._at[0] != key:
            self._at = key, self._linearised(self._inside(x))
        return self._at[1]

    def value(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n], computed with the gradient."""
        return self._descended(x)[0]

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of the sum of squares, 2 J^T r [n], without a Jacobian where the problem knows it.

        Raises
        ------
        NotFiniteError
            If it is not finite at the best point.
        """
        return 2.0 * self._descended(x)[1]

    def _descended(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return the sum of squares and J^T r; asking again for the same point costs nothing."""
        if not self._problem.has_gradient:
            at = self.linearise(x)
            return at.cost, at.gradient
        key = x.tobytes()
        if self._descent is None or self._descent[0] != key:
            inside = self._inside(x)
            wall = self._wall(), np.zeros(len(x))
            cost, gradient = wall if inside is None else self._evaluate(self._problem.gradient, inside)
            if not (np.isfinite(cost) and np.isfinite(gradient).all()):
                if inside is not None and np.array_equal(inside, self.state.x):
                    self._fail(NotFiniteError())
                inside, (cost, gradient) = None, wall
            if inside is not None:
                self.largest_norm = max(self.largest_norm, float(np.abs(gradient).max()))
            self._take(inside, cost, np.nan, n_linearisations=1)
            self._descent = key, (cost, gradient)
        return self._descent[1]

    def curvature(self, x: FloatArray) -> FloatArray:
        """Return the Gauss-Newton Hessian of the sum of squares, 2 J^T J [n, n]."""
        triangle = self.linearise(x).triangle
        return np.asarray(2.0 * triangle.T @ triangle)

    def iterated(self, *_: Any) -> None:
        """Count an iteration of the method and yield the state; the library's arguments are not used."""
        self.state = replace(self.state, iteration=self.state.iteration + 1)
        self._yield_state()
        if limit := self.limit():
            self._fail(LimitError(limit))

    def limit(self) -> str:
        """Return the outcome of a limit of the job that is reached, otherwise an empty string."""
        state = self.state
        if state.iteration >= self._max_iter:
            return STOPPED_ITERATIONS
        n_evaluations = state.n_costs + state.n_linearisations + state.n_second_derivatives
        return STOPPED_EVALUATIONS if n_evaluations >= self._max_evaluations else ""

    def is_stationary(self) -> bool:
        """Return whether the residual at the best point is orthogonal to the movable columns of J."""
        at = self.linearise(self.state.x)
        norms = at.column_norms
        chosen = self.bounds.movable(self.state.x, at.gradient) & (norms > 0)
        columns = at.triangle[:, chosen] / norms[chosen]
        reached, *_ = np.linalg.lstsq(columns, at.projection, rcond=_RANK_CUT)
        angle = float(np.linalg.norm(columns @ reached) / np.sqrt(max(at.cost, np.finfo(float).tiny)))
        self.state = replace(self.state, angle=angle)
        return angle <= _ANGLE

    def _linearised(self, inside: FloatArray | None) -> Linearisation:
        at = self._flat() if inside is None else self._evaluate(self._problem.linearise, inside)
        if not (np.isfinite(at.triangle).all() and np.isfinite(at.cost)):
            if inside is not None and np.array_equal(inside, self.state.x):
                self._fail(NotFiniteError())
            inside, at = None, self._flat()
        if inside is not None:
            self.largest_norm = max(self.largest_norm, float(at.column_norms.max()))
        steepest = np.nan if inside is None else _steepest(at, self.bounds.movable(inside, at.gradient))
        self._take(inside, at.cost, steepest, n_linearisations=1)
        return at

    def _inside(self, x: FloatArray) -> FloatArray | None:
        """Return a copy of `x` inside the box, None if `x` must not be evaluated."""
        inside = self.bounds.clip(x)
        if not np.isfinite(inside).all() or not (self._keeps_bounds or np.array_equal(inside, x)):
            return None
        return np.array(inside)

    def _wall(self) -> float:
        return _WALL * self._largest

    def _flat(self) -> Linearisation:
        n = len(self.state.x)
        return Linearisation(np.zeros((n, n)), np.zeros(n), rest=float(np.sqrt(self._wall())))

    def _evaluate(self, function: Callable[[FloatArray], Any], x: FloatArray) -> Any:
        if self.failure is not None:
            raise self.failure
        if limit := self.limit():
            self._fail(LimitError(limit))
        try:
            return function(x)
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        # Libraries may swallow an exception, so keep it to raise it again.
        self.failure = error
        raise error

    def _take(
        self, x: FloatArray | None, cost: float, gradient: float, n_costs: int = 0, n_linearisations: int = 0
    ) -> None:
        """Add an evaluation to the state; yield it if it is better, or after many evaluations without a state."""
        state = replace(
            self.state,
            n_costs=self.state.n_costs + n_costs,
            n_linearisations=self.state.n_linearisations + n_linearisations,
        )
        # The start may come out lower by rounding, which is no improvement.
        same = x is None or np.array_equal(x, state.x)
        better = x is not None and not same and cost < state.cost
        if x is not None:
            self._largest = max(self._largest, cost)
            if better:
                state = replace(state, x=x, cost=cost, best_x=x, best_cost=cost)
            if better or same:
                state = replace(state, gradient=gradient)
        self.state = state
        self._waiting += 1
        if better and self.by_improvement:
            self.iterated()
        elif self._waiting >= _PATIENCE:
            self._yield_state()

    def _yield_state(self) -> None:
        self._waiting = 0
        if self.failure is not None:
            raise self.failure
        try:
            self.hand_up(self.state)
        except BaseException as error:
            self._fail(error)


def _steepest(at: Linearisation, movable: np.ndarray) -> float:
    """Return the largest movable component of J^T r, each divided by the norm of its column."""
    norms = at.column_norms
    chosen = movable & (norms > 0)
    return float(np.max(np.abs(at.gradient[chosen]) / norms[chosen], initial=0.0))


def run_external(method: Callable[[ExternalProblem], str], external: ExternalProblem) -> Iterator[State]:
    """Yield the states of a method, and last the best point with the method's outcome.

    A state that repeats the iteration of the previous one only offers a chance to stop. Closing the generator ends the
    method.
    """
    from greenlet import greenlet

    if external.state.outcome:
        return
    if not np.isfinite(external.state.cost):
        yield replace(external.state, outcome=STOPPED_NOT_FINITE)
        return
    if limit := external.limit():
        yield replace(external.state, outcome=limit)
        return
    inner = greenlet(lambda: _to_its_end(method, external))
    external.hand_up = inner.parent.switch
    try:
        while True:
            handed = inner.switch()
            if inner.dead:
                break
            yield handed
        yield replace(external.state, outcome=handed)
    finally:
        while not inner.dead:
            inner.throw()


def _to_its_end(method: Callable[[ExternalProblem], str], external: ExternalProblem) -> str:
    try:
        outcome = method(external)
        if outcome == STOPPED_NO_PROGRESS and external.is_stationary():
            outcome = CONVERGED_ANGLE
        if external.largest_norm == 0.0 and external.state.cost > 0.0 and outcome.startswith("converged"):
            external.linearise(
                external.state.x
            )  # a gradient may vanish although the parameters have an effect
            outcome = STOPPED_FLAT if external.largest_norm == 0.0 else outcome
    except BaseException:
        if external.failure is None:
            raise
        outcome = ""
    if isinstance(external.failure, LimitError):
        return str(external.failure)
    if isinstance(external.failure, NotFiniteError):
        return STOPPED_NOT_FINITE
    if external.failure is not None:
        raise external.failure
    return outcome
