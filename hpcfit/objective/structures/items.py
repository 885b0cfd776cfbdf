"""One structure of a block: its computed and its fitted properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.objective.structures.rows import PropertyRow
from hpcfit.records import FloatArray, Structure, StructureResult
from hpcfit.structure.observing import FORMS, observe
from hpcfit.structure.relax.placement import FindShells
from hpcfit.structure.relax.response import Case, Task, Values


@dataclass(frozen=True)
class Item:
    """A structure of the block and its properties.

    Parameters
    ----------
    structure, case
        The structure and its relaxation.
    labels, tasks
        All computed properties.
    fitted
        Labels that the objective needs.
    rows
        Residual rows of the fitted labels.
    """

    structure: Structure
    case: Case
    labels: tuple[str, ...]
    tasks: tuple[Task, ...]
    fitted: tuple[str, ...]
    rows: dict[str, PropertyRow]

    @property
    def fitted_tasks(self) -> list[Task]:
        """Tasks that the objective needs."""
        return [task for label, task in zip(self.labels, self.tasks, strict=True) if label in self.fitted]

    def taken(self, values: Values | None, label: str) -> FloatArray | None:
        """Return value and derivatives [1 or 1 + n_free, n] of a property, None without a value."""
        if values is None or not values.values:
            return None
        place = (self.labels if len(values.values) == len(self.labels) else self.fitted).index(label)
        value = values.values[place][None]
        return np.concatenate([value, values.jacobians[place]]) if values.jacobians else value

    def result(self, values: Values) -> StructureResult:
        """Return the results for the report."""
        found = values.values or [np.full(1, np.nan)] * len(self.labels)
        return StructureResult(
            self.structure.id,
            self.case.atoms_at(values.relaxed.s),
            dict(zip(self.labels, found, strict=True)),
            values.relaxed.message,
        )


def make_item(
    number: int,
    structure: Structure,
    weights: Sequence[float],
    terms: Sequence[tuple[str, bool]],
    masses: Sequence[float],
    find_shells: FindShells | None = None,
) -> Item:
    """Return a structure with its tasks.

    Parameters
    ----------
    number
        Index of the structure in its block.
    structure
        The structure.
    weights
        W of every listed property.
    terms
        Further properties that derived ones need, and whether those are fitted.
    masses
        Per species of the job, amu.
    find_shells
        Finds shells near cut-offs.

    Raises
    ------
    ValueError
        When the structure lacks one of the properties.
    """
    tasks: dict[str, Task] = {}
    rows: dict[str, PropertyRow] = {}
    for wanted, weight in zip(structure.properties, weights, strict=True):
        repeated = sum(label.split("#")[0] == wanted.name for label in tasks)
        label = f"{wanted.name}#{repeated + 1}" if repeated else wanted.name
        tasks[label] = Task(observe(structure, wanted.name, wanted.arguments, masses), wanted.relaxed)
        if weight > 0:
            rows[label] = PropertyRow(wanted, weight)
    volume = np.linalg.det(structure.atoms.cell) != 0
    always = [form.name for form in FORMS.values() if form.always and (volume or not form.needs_volume)]
    for name in (*always, *(name for name, _ in terms)):
        if name not in tasks:
            tasks[name] = Task(observe(structure, name, {}, masses))
    used = {*rows, *(name for name, fitted in terms if fitted)}
    fitted = tuple(label for label in tasks if label in used)
    return Item(
        structure, Case(number, structure, find_shells), tuple(tasks), tuple(tasks.values()), fitted, rows
    )
