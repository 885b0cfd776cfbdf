"""One block of own structures: they relax, and their properties become residual rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from hpcfit.errors import Fault, InputError
from hpcfit.objective.block import aligned
from hpcfit.objective.losses import apply, gradient_of, sum_of_squares
from hpcfit.objective.model import Model
from hpcfit.objective.noise import rounding_error
from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.objective.structures.items import Item, make_item
from hpcfit.objective.structures.notes import ShellNotes
from hpcfit.objective.structures.rows import PropertyRow
from hpcfit.objective.structures.shells import ShellFinder
from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.library import NotFinite
from hpcfit.potential.program import Program
from hpcfit.records import DerivedProperty, FloatArray, RobustLoss, Structure, StructureResult
from hpcfit.structure.checking import check
from hpcfit.structure.evaluation_requests import Requests, evaluate_all
from hpcfit.structure.observing import FORMS
from hpcfit.structure.relax.response import Values


@dataclass(frozen=True)
class StructurePlan:
    """The computations of one block of structures.

    Parameters
    ----------
    structures
        The block's own structures, then those that only its derived properties need.
    n_own
        Number of the block's own structures.
    weights
        Per own structure and listed property: W, the product of normalised weights; 0 where not fitted.
    derived
        Derived properties, whose terms are all in `structures`.
    derived_weights
        W of each.
    derived_programs
        Of each, value and derivatives by the terms, in the order of the terms.
    masses
        Per species of the job, amu; only phonons need them.
    """

    structures: tuple[Structure, ...]
    n_own: int
    weights: tuple[tuple[float, ...], ...]
    derived: tuple[DerivedProperty, ...] = ()
    derived_weights: tuple[float, ...] = ()
    derived_programs: tuple[Program, ...] = ()
    masses: tuple[float, ...] = ()


class StructureBlock:
    """The residual of a block of structures as a function of the free parameters.

    A structure that does not relax, or has a fitted property that is not finite, gets the residual `rows.FAILED` with
    zero derivatives; one that stops at a bound keeps its values there. `warnings` names both. Derivatives that are not
    finite are kept if the property is finite, and `find_non_finite` names them. Relaxations start from the end points
    of the last linearisation, so that results do not depend on trial points in between.

    Parameters
    ----------
    model
        The job's potentials.
    plan
        The structures and their properties.
    loss
        The robust loss, None for squares; it does not apply to a structure that fails to relax.

    Raises
    ------
    InputError
        When a structure lacks a property or a degree of freedom in the job.
    """

    def __init__(self, model: Model, plan: StructurePlan, loss: RobustLoss | None = None) -> None:
        self._model, self._plan, self._loss = model, plan, loss
        self._evaluator = ImagesEvaluator(model, model.n_species)
        self._notes = ShellNotes(model, self._evaluator)
        self._items = list(_items(plan, ShellFinder(model.sharp_cutoffs)))
        self._s = [item.case.degrees.start for item in self._items]
        self._hessians: list[FloatArray | None] = [None] * len(self._items)
        self._derived = [
            PropertyRow(derived.wanted, weight)
            for derived, weight in zip(plan.derived, plan.derived_weights, strict=True)
        ]
        self._owners = list(self._names())
        self.n_residuals = len(self._owners)
        self._columns: FloatArray | None = None
        self._values: list[Values | None] = []

    @property
    def n_bytes(self) -> int:
        """Allocated memory: neighbours, second derivatives, and the Jacobian once it was computed."""
        n_bytes = sum(h.nbytes for h in self._hessians if h is not None) + self._evaluator.n_bytes
        return n_bytes + (0 if self._columns is None else self._columns.nbytes)

    @property
    def noise(self) -> float:
        """Norm of the rounding errors of all residuals."""
        squares = 0.0
        largest = 0.0
        for item in self._items:
            # Relaxations and stencils lose a further digit.
            error = 10.0 * rounding_error(item.structure.atoms.position)
            largest = max(largest, error)
            squares += sum(row.rounding(error) for row in item.rows.values())
        squares += sum(row.rounding(largest) for row in self._derived if row.weight > 0)
        return float(np.sqrt(squares))

    @property
    def warnings(self) -> list[str]:
        """Failures in the last evaluation, one line per structure."""
        return [
            f"structure '{item.structure.id}': {values.relaxed.message}"
            for item, values in zip(self._items, self._values, strict=True)
            if values is not None and values.relaxed.message
        ]

    def take_notes(self) -> list[str]:
        """Return new warnings about shells at cut-offs."""
        return self._notes.take()

    def _names(self) -> Iterator[str]:
        """Yield the structure or derived property of every residual row."""
        for item in self._items:
            yield from [f"structure '{item.structure.id}'"] * sum(row.n for row in item.rows.values())
        for derived, row in zip(self._plan.derived, self._derived, strict=True):
            if row.weight > 0:
                yield from [f"derived property '{derived.id}'"] * row.n

    def find_non_finite(self) -> NotFinite | None:
        """Return which derivative was not finite at the last `linearise`."""
        bad = np.argwhere(~np.isfinite([] if self._columns is None else self._columns[1:]))
        if len(bad) == 0:
            return None
        parameter, row = bad[0].tolist()
        path = self._model.variables.paths[parameter]
        return NotFinite(-1, -1, f"{self._owners[row]}: derivative by {path} is not finite")

    def _evaluate(self, made: Callable[[int, Item], Requests[Values]], x: FloatArray, fitted: bool) -> None:
        """Evaluate all structures, or with `fitted` only those in the objective."""
        self._evaluator.at(x)
        chosen = [k for k, item in enumerate(self._items) if item.fitted or not fitted]
        found = evaluate_all([made(k, self._items[k]) for k in chosen], self._evaluator)
        self._values = [None] * len(self._items)
        for k, values in zip(chosen, found, strict=True):
            self._values[k] = _judged(self._items[k], values, fitted)

    def _note(self, x: FloatArray, crossings: bool = True) -> None:
        """Note shells at cut-offs in the last evaluation; trial points need no `crossings`."""
        for item, values in zip(self._items, self._values, strict=True):
            if values is not None:
                labels = item.labels if len(values.beside) == len(item.labels) else item.fitted
                self._notes.add(item, values, labels, x, crossings)

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n_free]."""
        residual = self._residual(x)
        return sum_of_squares(residual)

    def _residual(self, x: FloatArray) -> FloatArray:
        self._evaluate(
            lambda k, item: item.case.values(item.fitted_tasks, self._s[k], self._hessians[k]), x, fitted=True
        )
        self._note(x, crossings=False)
        return np.asarray(self._assemble(derivatives=False)[0])

    def linearise(self, x: FloatArray) -> FloatArray:
        """Return the rows of [r J^T], [1 + n_free, n_rows], residual first; they stay valid until the next call."""
        self._point = x.copy()
        self._evaluate(lambda k, item: item.case.linearised(item.fitted_tasks, self._s[k]), x, fitted=True)
        for k, values in enumerate(self._values):
            # After a failure the start point stays, so that a restored block gives the same results.
            self._hessians[k] = None if values is None else values.hessian
            if values is not None and not values.relaxed.failed:
                self._s[k] = values.relaxed.s
        self._note(x)
        self._columns = self._assemble(derivatives=True)
        return self._columns

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return the sum of squared residuals and J^T r at `x`, [1 + n_free], from `linearise`."""
        return gradient_of(self.linearise(x))

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n_free] at the point of the last `linearise`, r'' along `v` from one more residual.

        Transtrum and Sethna, arXiv:1201.5885, eq. 19: r'' = (2/h) [(r(x + h v) - r(x)) / h - J v].
        """
        if self._columns is None:
            raise ValueError("second derivative requires a linearisation first")
        difference = (self._residual(self._point + h * v) - self._columns[0]) / h
        return np.asarray(self._columns[1:] @ ((2.0 / h) * (difference - v @ self._columns[1:])))

    def _assemble(self, derivatives: bool) -> FloatArray:
        """Return the columns [1 or 1 + n_free, n_rows] of the last evaluation."""
        n = 1 + self._model.n_free if derivatives else 1
        parts = [np.zeros((n, 0))]
        for item, values in zip(self._items, self._values, strict=True):
            for label, row in item.rows.items():
                parts.append(self._of_row(row, item.taken(values, label), n))
        for derived, row, program in zip(
            self._plan.derived, self._derived, self._plan.derived_programs, strict=True
        ):
            if row.weight > 0:
                parts.append(self._of_row(row, self._combined(derived, program, derivatives), n))
        columns = aligned(n, sum(part.shape[1] for part in parts))
        return np.concatenate(parts, axis=1, out=columns)

    def _of_row(self, row: PropertyRow, taken: FloatArray | None, n: int) -> FloatArray:
        """Return the columns [n, components] of one fitted property."""
        columns = np.zeros((n, row.n))
        if taken is None:
            columns[0] = row.failed()
            return columns
        columns[0], slope = row.residual(taken[0])
        columns[1:] = slope * taken[1:]
        if self._loss:
            apply(self._loss, columns, np.full(row.n, np.sqrt(row.weight)))
        return columns

    def _combined(self, derived: DerivedProperty, program: Program, derivatives: bool) -> FloatArray | None:
        """Return a derived property and its derivatives [1 or 1 + n_free, 1], None if a structure failed."""
        items = {
            item.structure.id: (item, values) for item, values in zip(self._items, self._values, strict=True)
        }
        found = []
        for term in derived.terms:
            item, values = items[term.structure]
            if (taken := item.taken(values, term.property)) is None:
                return None
            found.append(taken[:, 0] / FORMS[term.property].size)
        outputs = run(program, [float(term[0]) for term in found], np.zeros(1))[:, 0]
        columns = outputs[:1, None]
        if derivatives:
            slopes = sum(
                (slope * term[1:] for slope, term in zip(outputs[1:], found, strict=True)), np.zeros(1)
            )
            columns = np.concatenate([columns, np.broadcast_to(slopes, self._model.n_free)[:, None]])
        return columns if np.isfinite(columns[0]).all() else None

    def results(self, x: FloatArray) -> tuple[list[StructureResult], list[float]]:
        """Return the results of own structures at `x`, and the derived properties in their units.

        A structure that did not relax has NaN for all values, and its start positions.
        """
        self._evaluate(
            lambda k, item: item.case.values(item.tasks, self._s[k], self._hessians[k]), x, fitted=False
        )
        self._note(x)
        results = [
            item.result(values)
            for item, values in zip(self._items[: self._plan.n_own], self._values, strict=False)
            if values is not None
        ]
        combined = [
            self._combined(derived, program, derivatives=False)
            for derived, program in zip(self._plan.derived, self._plan.derived_programs, strict=True)
        ]
        return results, [np.nan if one is None else float(one[0, 0]) for one in combined]

    @property
    def relaxed(self) -> FloatArray:
        """All relaxed degrees of freedom, flat: the start of the next relaxations."""
        return np.concatenate([np.zeros(0), *self._s])

    def restore(self, relaxed: FloatArray) -> None:
        """Set the start of the next relaxations.

        Raises
        ------
        ValueError
            When their number is wrong.
        """
        ends = np.cumsum([len(s) for s in self._s])
        if len(relaxed) != len(self.relaxed):
            raise ValueError(f"degrees of freedom, found {len(relaxed)}, allowed {len(self.relaxed)}")
        self._s = [part.copy() for part in np.split(relaxed, ends[:-1])] if len(ends) else []
        self._hessians = [None] * len(self._items)


def _items(plan: StructurePlan, find_shells: ShellFinder) -> Iterator[Item]:
    needed = [
        (term.structure, term.property, weight > 0)
        for derived, weight in zip(plan.derived, plan.derived_weights, strict=True)
        for term in derived.terms
    ]
    for number, given in enumerate(plan.structures):
        structure = given
        weights = plan.weights[number] if number < plan.n_own else ()
        terms = [(name, fitted) for owner, name, fitted in needed if owner == structure.id]
        if number >= plan.n_own:
            # Only the properties that derived ones need.
            names = {name for name, _ in terms}
            structure = replace(
                structure, properties=tuple(p for p in structure.properties if p.name in names)
            )
            weights = (0.0,) * len(structure.properties)
        if found := check(structure):
            raise InputError(
                [Fault(f"line {line}: structure '{structure.id}'", what) for line, what in found]
            )
        try:
            yield make_item(number, structure, weights, terms, plan.masses, find_shells)
        except ValueError as error:
            raise InputError(
                [Fault(f"line {structure.line}: structure '{structure.id}'", str(error))]
            ) from error


def _judged(item: Item, values: Values, fitted: bool) -> Values:
    """Return the values, as a failure if a value in the objective is not finite."""
    if all(np.isfinite(part).all() for part in values.values):
        return values
    if not fitted:
        named = zip(item.labels, values.values, strict=True)
        bad = [label for label, value in named if not np.isfinite(value).all()]
        if not any(label in item.fitted for label in bad):
            # A property that is only reported does not make the structure fail.
            said = [*filter(None, [values.relaxed.message]), f"not finite: {', '.join(bad)}"]
            return replace(values, relaxed=replace(values.relaxed, message="; ".join(said)))
    return Values(replace(values.relaxed, message="a property is not finite", failed=True))
