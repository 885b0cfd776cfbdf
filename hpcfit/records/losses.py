"""KLIFF's residuals and weights (``weights="absolute"``), and robust losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hpcfit.records.arrays import FloatArray

#: KLIFF's built-in residuals, and the properties that each one fits.
BUILT_IN_RESIDUALS: Mapping[str, tuple[str, ...]] = {
    "energy": ("total-energy",),
    "forces": ("atomic-forces",),
    "energy-forces": ("total-energy", "atomic-forces"),
    "energy-forces-stress": ("total-energy", "atomic-forces", "stress"),
}


@dataclass(frozen=True)
class MagnitudeInverse:
    """Weights that fall with the magnitude of the target, 1 / sqrt(c1^2 + (c2 |target|)^2); c1 and c2 of each kind.

    Lenosky et al., Phys. Rev. B 55, 1528 (1997). Forces have one weight per atom, from the norm of its force.
    """

    energy: tuple[float, float] = (1.0, 0.0)
    forces: tuple[float, float] = (1.0, 0.0)
    stress: tuple[float, float] = (1.0, 0.0)

    def of(self, kind: str, magnitude: FloatArray) -> FloatArray:
        """Return the weights of one kind for the magnitudes of its targets; 1 for missing targets."""
        c1, c2 = getattr(self, kind)
        known = np.where(np.isfinite(magnitude), magnitude, 0.0)
        weights = 1.0 / np.hypot(c1, c2 * known)
        return np.where(np.isfinite(magnitude), weights, 1.0)


@dataclass(frozen=True)
class WeightTable:
    """Weights from a text file: [n] or [1] for each column, None for a missing column."""

    config: FloatArray | None
    energy: FloatArray | None
    forces: FloatArray | None
    stress: FloatArray | None

    @property
    def n_lines(self) -> int:
        """Number of lines below the head."""
        columns = (self.config, self.energy, self.forces, self.stress)
        return max((len(column) for column in columns if column is not None), default=0)

    def column(self, name: str, n: int) -> FloatArray | float:
        """Return a column for `n` configurations, 1 for a missing column."""
        values: FloatArray | None = getattr(self, name)
        if values is None:
            return 1.0
        return np.broadcast_to(values, n) if len(values) == 1 else values


@dataclass(frozen=True)
class ResidualFile:
    """A residual function in a user's file: the function's name, the file as the job names it, and its text."""

    name: str
    file: str
    path: str
    source: str


@dataclass(frozen=True)
class AbsoluteWeights:
    """Weights of one dataset in a job with ``weights="absolute"``: residuals are weight times difference.

    Parameters
    ----------
    energy, forces, stress, config
        For all configurations; `config` multiplies the other three.
    normalize_by_natoms
        Whether residuals are divided by the configuration's number of atoms.
    table
        Further factors per configuration.
    inverse
        Further factors from the targets.
    function
        The function that replaces the product of weight and difference.
    """

    energy: float
    forces: float
    stress: float
    normalize_by_natoms: bool
    config: float = 1.0
    table: WeightTable | None = None
    inverse: MagnitudeInverse | None = None
    function: ResidualFile | None = None


@dataclass(frozen=True)
class ConfigurationWeight:
    """The weights of one configuration, as residual functions see them.

    ``forces_weight`` is one number, or [3 n_atoms] for weights per atom.
    """

    config_weight: float
    energy_weight: float
    forces_weight: float | FloatArray
    stress_weight: float


@dataclass(frozen=True)
class RobustLoss:
    """The robust loss of a job: the name of its form, and the scale in tolerances."""

    name: str
    scale: float


@dataclass(frozen=True)
class RobustLossForm:
    """A robust loss rho(u^2), as the row s(u) = sign(u) sqrt(rho(u^2)) whose square it is.

    Parameters
    ----------
    name
        As written in the job.
    formula
        rho(z), z = u^2.
    reference
        Source.
    row
        From u [n] to s and ds/du [n].
    curvature
        From s [n] to ds/du and d2s/du2 [n].
    """

    name: str
    formula: str
    reference: str
    row: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    curvature: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
