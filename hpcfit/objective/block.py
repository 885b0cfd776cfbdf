"""One block of configurations: residual rows, their exact Jacobian, and second derivatives along a direction.

Rows are sqrt(W)/delta times (prediction - target): energies, then force components, then virials (for stresses:
stress = -virial / volume). Rows without a target or fit have factor 0. A robust loss replaces a row by one whose
square is the loss.
"""

from __future__ import annotations

import numpy as np

from hpcfit.objective.losses import add_loss_curvature, apply, sum_of_squares
from hpcfit.objective.model import Model
from hpcfit.objective.noise import rounding_error
from hpcfit.objective.weights import Factors
from hpcfit.potential.library import NotFinite
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Configurations, FloatArray, RobustLoss


class BlockObjective:
    """The residual of one block as a function of the free parameters.

    Parameters
    ----------
    model
        The job's potentials.
    configurations
        The block's structures and targets.
    factors
        Their weights, for the same configurations.
    species
        The job's species number of each of the configurations' symbols.
    n_species
        Number of species of the job.
    loss
        Robust loss, None for squares.
    workspace
        Memory shared by blocks that do not keep their Jacobians; None to keep it.
    """

    def __init__(
        self,
        model: Model,
        configurations: Configurations,
        factors: Factors,
        species: list[int],
        n_species: int,
        loss: RobustLoss | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self._model = model
        self._is_exact = model.is_exact
        neighbours = find_neighbours(configurations, species, n_species, model.cutoff)
        self._geometry = model.geometry(neighbours)
        self._virials = bool(factors.stress.any())
        self._ptr = configurations.ptr
        self._volume = np.abs(np.linalg.det(configurations.cell))
        self._factor, self._target = self._rows(configurations, factors)
        self._loss = loss
        self._weight = self._row_weights(configurations, factors) if loss else np.zeros(0)
        self.n_residuals = int(np.count_nonzero(self._factor))
        self.noise = self._rounding(configurations)  #: norm of the rounding errors of all residuals
        self._values = aligned(1, len(self._factor))
        self._kept: list[FloatArray] = []
        self._workspace = workspace
        #: [n_rows], rows at x = 0 where columns are kept for the whole fit
        self._origin: FloatArray | None = None
        self._design_non_finite: NotFinite | None = None
        self._point: FloatArray | None = None
        self._derived_at: FloatArray | None = None
        self.first_non_finite: NotFinite | None = None

    def _rows(self, configurations: Configurations, factors: Factors) -> tuple[FloatArray, FloatArray]:
        n_atoms = np.diff(configurations.ptr)
        factor = [factors.energy, np.repeat(factors.forces, 3 * n_atoms)]
        if factors.atoms is not None:
            factor[1] = factor[1] * np.repeat(factors.atoms, 3)
        target = [configurations.energy, configurations.force.ravel()]
        if self._virials:
            per_volume = np.divide(
                factors.stress, self._volume, where=factors.stress > 0, out=np.zeros(len(n_atoms))
            )
            factor.append(np.repeat(-per_volume, 6))
            target.append((-self._volume[:, None] * configurations.stress).ravel())
        factors_all, targets = np.concatenate(factor), np.concatenate(target)
        return factors_all, np.where(factors_all == 0.0, 0.0, targets)

    def _rounding(self, configurations: Configurations) -> float:
        n_atoms = np.diff(configurations.ptr)
        # Energies and virials are sums over atoms.
        sizes = [1.0 + n_atoms, np.ones(3 * len(configurations.species)), np.repeat(1.0 + n_atoms, 6)]
        errors = np.concatenate(sizes if self._virials else sizes[:2])
        error = rounding_error(configurations.position)
        return error * float(np.sqrt(((self._factor * errors) ** 2).sum()))

    def _row_weights(self, configurations: Configurations, factors: Factors) -> FloatArray:
        """Return sqrt(W) of every row."""
        energy, forces, stress = factors.roots
        rows = [energy, np.repeat(forces, 3 * np.diff(configurations.ptr))]
        if self._virials:
            rows.append(np.repeat(stress, 6))
        return np.concatenate(rows)

    @property
    def n_bytes(self) -> int:
        """Allocated memory: geometry, rows, and the Jacobian once it was computed."""
        n_bytes = (3 * len(self._factor) + len(self._weight)) * 8 + self._geometry.n_bytes
        kept = [*self._kept, *([] if self._origin is None else [self._origin])]
        return n_bytes + sum(columns.nbytes for columns in kept)

    @property
    def _keeps_design(self) -> bool:
        """Whether to evaluate columns once and keep them for the whole fit."""
        return self._model.has_design and self._workspace is None

    def _design(self) -> tuple[FloatArray, FloatArray]:
        """Return rows at x = 0 [n_rows], and [r J^T] without a loss, where only r depends on x."""
        if self._origin is None:
            columns = aligned(1 + self._model.n_free, len(self._factor))
            # Energies are linear in the parameters: at 0 they are the contribution of the fixed ones.
            x = np.zeros(self._model.n_free)
            self._design_non_finite = self._model.evaluate(self._geometry, x, columns, self._virials)
            columns[0] -= self._target
            columns *= self._factor
            self._origin = columns[0].copy()
            self._kept = [aligned(*columns.shape), columns] if self._loss else [columns]
        return self._origin, self._kept[-1]

    def _fill(self, x: FloatArray, columns: FloatArray) -> None:
        """Fill [1, n_rows] or [1 + n_free, n_rows] with residuals, and derivatives, without a loss."""
        if self._keeps_design:
            origin, design = self._design()
            self.first_non_finite = self._design_non_finite
            if len(columns) > 1 and columns is not design:
                columns[1:] = design[1:]
            columns[0] = origin + x @ design[1:]
            return
        self.first_non_finite = self._model.evaluate(self._geometry, x, columns, self._virials)
        columns[0] -= self._target
        columns *= self._factor

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n_free]; infinite where a prediction is not finite."""
        residual = self._residual(x)
        return sum_of_squares(residual) if self.first_non_finite is None else np.inf

    def _residual(self, x: FloatArray) -> FloatArray:
        self._fill(x, self._values)
        if self._loss:
            apply(self._loss, self._values, self._weight)
        return np.asarray(self._values[0])

    def linearise(self, x: FloatArray) -> FloatArray:
        """Return the rows of [r J^T], [1 + n_free, n_rows], residual first; they stay valid until the next call."""
        self._point = self._derived_at = x.copy()
        if self._keeps_design:
            self._design()
        columns = self._rooms(len(self._factor))[0]
        self._fill(x, columns)
        if self._loss:
            apply(self._loss, columns, self._weight)
        return columns

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return the sum of squared residuals and J^T r at `x`, [1 + n_free], without columns where possible."""
        self._derived_at = x.copy()
        rows = aligned(2, len(self._factor))
        self._fill(x, rows[:1])
        if self.first_non_finite is not None:
            return np.full(1 + len(x), np.nan)
        # Becomes the derivative of each row by its prediction or its row of the design matrix.
        rows[1] = 1.0 if self._keeps_design else self._factor
        if self._loss:
            apply(self._loss, rows, self._weight)
        rows[1] *= rows[0]  # in place: sums must not depend on the alignment of arguments
        if self._keeps_design:
            return np.append(sum_of_squares(rows[0]), self._design()[1][1:] @ rows[1])
        gradient = self._model.gradient(self._geometry, x, rows[1], self._virials)
        return np.append(sum_of_squares(rows[0]), gradient)

    def find_non_finite(self) -> NotFinite | None:
        """Return where the last result, or a derivative at the last linearisation, was not finite."""
        if self.first_non_finite is not None or self._derived_at is None:
            return self.first_non_finite
        columns = aligned(1 + self._model.n_free, len(self._factor))
        first_non_finite = self._model.evaluate(self._geometry, self._derived_at, columns, self._virials)
        bad = np.argwhere(~np.isfinite(columns))
        if first_non_finite is not None or len(bad) == 0:
            return first_non_finite
        column, row = bad[0].tolist()
        what = f"derivative by {self._model.variables.paths[column - 1]}" if column > 0 else "virial"
        return NotFinite(self._structure_of(row), -1, f"{what} is not finite")

    def _structure_of(self, row: int) -> int:
        n, n_forces = len(self._ptr) - 1, 3 * int(self._ptr[-1])
        if n <= row < n + n_forces:
            return int(np.searchsorted(self._ptr, (row - n) // 3, side="right")) - 1
        return row if row < n else (row - n - n_forces) // 6

    def _rooms(self, *n_rows: int) -> list[FloatArray]:
        """Return arrays [1 + n_free, n_rows], the rows of [r J^T] first."""
        n_columns = 1 + self._model.n_free
        if self._workspace is not None:
            return self._workspace.take(n_columns, *n_rows)
        if not self._kept:
            self._kept = [aligned(n_columns, n) for n in n_rows]
        return self._kept

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n_free] at the point of the last `linearise`, r'' along `v`.

        It is exact if available for all predictions; else from one more residual, Transtrum and Sethna,
        arXiv:1201.5885, eq. 19: r'' = (2/h) [(r(x + h v) - r(x)) / h - J v].
        """
        if self._point is None:
            raise ValueError("second derivative requires a linearisation first")
        if self._is_exact:
            return self._exact(self._point, v)
        difference = self._residual(self._point + h * v)
        if self.first_non_finite is not None:
            return np.full(len(v), np.nan)
        columns = self._kept[0] if self._kept else self.linearise(self._point)
        difference -= columns[0]
        difference /= h
        difference -= v @ columns[1:]
        difference *= 2.0 / h
        return np.asarray(columns[1:] @ difference)

    def _exact(self, x: FloatArray, v: FloatArray) -> FloatArray:
        if self._model.is_linear and not self._loss:
            return np.zeros(len(v))
        self.first_non_finite = self._model.second_derivative(
            self._geometry, x, v, self._values, self._virials
        )
        if self.first_non_finite is not None:
            return np.full(len(v), np.nan)
        columns = self._kept[0] if self._kept else self.linearise(x)
        second = self._values[0]
        second *= self._factor
        if self._loss:
            add_loss_curvature(self._loss, columns[0], self._weight, v @ columns[1:], second)
        return np.asarray(columns[1:] @ second)

    def rows(self, x: FloatArray, with_derivatives: bool) -> FloatArray:
        """Return the residual at `x`, [1, n_rows], optionally with its derivatives below it, [1 + n_free, n_rows]."""
        return self.linearise(x) if with_derivatives else self._residual(x)[None, :]

    def largest_densities(self, x: FloatArray) -> FloatArray:
        """Return `Model.largest_densities` for the block's structures."""
        return self._model.largest_densities(self._geometry, x)

    def predict(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return energies [n] (eV), forces [n_atoms, 3] (eV/Angstrom) and stresses [n, 6] (eV/Angstrom^3) at `x`.

        Stresses are NaN for structures without a volume.
        """
        n = self._geometry.n_structures
        columns = aligned(1, self._geometry.n_rows(virials=True))
        self.first_non_finite = self._model.evaluate(self._geometry, x, columns, virials=True)
        virial = columns[0, -6 * n :].reshape(n, 6)
        volume = np.where(self._volume > 0, self._volume, np.nan)
        return columns[0, :n].copy(), columns[0, n : -6 * n].reshape(-1, 3).copy(), -virial / volume[:, None]


class Workspace:
    """Memory that blocks use in turn, as large as the largest one needs."""

    def __init__(self) -> None:
        self._held = aligned(1, 0)

    def take(self, n_columns: int, *n_rows: int) -> list[FloatArray]:
        """Return arrays [n_columns, n_rows] that start at cache lines, valid until the next call."""
        # Each starts at a cache line.
        ends = np.cumsum([-(-n_columns * n // 8) * 8 for n in n_rows])
        if self._held.size < ends[-1]:
            self._held = aligned(1, int(ends[-1]))
        pieces = np.split(self._held[0], ends)
        return [
            piece[: n_columns * n].reshape(n_columns, n) for piece, n in zip(pieces, n_rows, strict=False)
        ]


def aligned(n_columns: int, n_rows: int) -> FloatArray:
    """Return zeros [n_columns, n_rows] that start at a cache line, so that sums do not depend on alignment."""
    raw = np.zeros(n_columns * n_rows + 8)
    offset = (-raw.ctypes.data // 8) % 8
    return raw[offset : offset + n_columns * n_rows].reshape(n_columns, n_rows)
