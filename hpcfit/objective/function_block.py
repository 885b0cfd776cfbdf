"""One block of configurations whose residuals come from a user's function of their predictions."""

from __future__ import annotations

import numpy as np

from hpcfit.objective.block import BlockObjective, Workspace, aligned
from hpcfit.objective.losses import apply, gradient_of
from hpcfit.objective.model import Model
from hpcfit.objective.ordering import by_configuration
from hpcfit.objective.residuals import Residual, ResidualRows, Subjects
from hpcfit.objective.weights import Factors
from hpcfit.records import Configurations, FloatArray, IntArray, RobustLoss


class FunctionBlock(BlockObjective):
    """The residual of one block as a function of the free parameters.

    Rows are those of the function, configuration by configuration.

    Parameters
    ----------
    model, configurations, species, n_species
        As of `BlockObjective`.
    factors
        1 for fitted properties, 0 elsewhere.
    used
        Whether energies, forces and stresses are fitted.
    residual
        The function.
    names
        Name of the dataset in errors, and the numbers [n] of the configurations in it.
    weights
        Weight objects of the configurations.
    loss, workspace
        As of `BlockObjective`; the function's residuals are in units of the tolerance.
    """

    def __init__(
        self,
        model: Model,
        configurations: Configurations,
        factors: Factors,
        species: list[int],
        n_species: int,
        used: tuple[bool, bool, bool],
        residual: Residual,
        names: tuple[str, IntArray],
        weights: list[object],
        loss: RobustLoss | None,
        workspace: Workspace | None,
    ) -> None:
        super().__init__(model, configurations, factors, species, n_species, loss, workspace)
        self.noise = 0.0  # a user's function has any scale
        c = configurations
        self._place, start = by_configuration(c.ptr, used)
        # With factor 1 rows are differences; those of virials become stresses.
        self._unit = self._factor[self._place]
        groups = [c.groups[group] for group in c.group]
        subjects = Subjects(
            place=names[0],
            numbers=names[1],
            identifiers=[
                f"{group}/{number}" for group, number in zip(groups, names[1].tolist(), strict=True)
            ],
            n_atoms=np.diff(c.ptr).tolist(),
            weights=weights,
            start=start,
            reference=self._target[self._place] * self._unit,
        )
        self._function = ResidualRows(residual, subjects)
        self._is_exact = False  # second derivatives of the function are unknown
        self._weight = np.ones(len(self._place))
        self._scratch, self._prediction = aligned(1, len(self._place)), aligned(1, len(self._place))[0]

    def _residual(self, x: FloatArray) -> FloatArray:
        self.first_non_finite = self._model.evaluate(self._geometry, x, self._values, self._virials)
        rows: FloatArray = self._scratch[0]
        if self.first_non_finite is not None:
            rows[:] = np.nan
        else:
            self._in_order(self._values[0], self._prediction)
            rows[:] = self._function.values(self._prediction)
            if self._loss:
                apply(self._loss, self._scratch, self._weight)
        return rows

    def _in_order(self, kernel: FloatArray, ordered: FloatArray) -> None:
        """Convert the kernels' rows (last axis) to the order and units of predictions."""
        # All indices are in range; the default mode would check them through a buffer.
        np.take(kernel, self._place, axis=-1, out=ordered, mode="clip")
        if self._virials:
            ordered *= self._unit

    def linearise(self, x: FloatArray) -> FloatArray:
        """Return the rows of [r J^T], [1 + n_free, n_rows], residual first; they stay valid until the next call."""
        self._point = self._derived_at = x.copy()
        columns, kernel = self._rooms(len(self._place), len(self._factor))
        self.first_non_finite = self._model.evaluate(self._geometry, x, kernel, self._virials)
        if self.first_non_finite is not None:
            columns[:] = np.nan
            return columns
        self._in_order(kernel, columns)
        self._prediction[:] = columns[0]
        columns[0] = self._function.values(self._prediction)
        self._function.columns(self._prediction, columns[0], columns[1:])
        if self._loss:
            apply(self._loss, columns, self._weight)
        return columns

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return the sum of squared residuals and J^T r at `x`, [1 + n_free]: from columns, which functions need."""
        return gradient_of(self.linearise(x))
