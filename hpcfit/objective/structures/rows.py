"""Residuals of properties from values, targets, weights, tolerances and styles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcfit.objective.noise import rounding_error
from hpcfit.records import FloatArray, WantedProperty

#: Error, in tolerances (for relative styles: targets), of every component of a property without a value, because its
#: structure did not relax or its energy is not finite.
FAILED = 1e3


@dataclass(frozen=True)
class PropertyRow:
    """A fitted property.

    Parameters
    ----------
    wanted
        Target, tolerance and style.
    weight
        W, product of the normalised weights.
    """

    wanted: WantedProperty
    weight: float

    @property
    def n(self) -> int:
        """Number of components."""
        return len(self.wanted.target)

    def failed(self) -> FloatArray:
        """Return the residuals [n] without a value."""
        return np.full(self.n, FAILED * np.sqrt(self.weight))

    def rounding(self, error: float) -> float:
        """Return the sum of squared residuals that rounding errors `error` (1 + |target|) of the values make."""
        target = np.abs(self.wanted.target)
        if self.wanted.style == "absolute-diff":
            return self.weight * error * float((1.0 + target).sum())
        unit = target if self.wanted.style == "squared-relative" else self.wanted.tolerance
        return self.weight * error**2 * float((((1.0 + target) / unit) ** 2).sum())

    def residual(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return residuals [n] of values [n], and their derivatives [n] by the values.

        ``squared`` gives sqrt(W) (p - t)/tolerance, ``squared-relative`` sqrt(W) (p - t)/t. ``absolute-diff`` adds
        W |p - t| to the sum of squares: its residual is the root of that with the sign of p - t. Its slope diverges
        at the target, where it is set to 0; differences below rounding errors are at the target.
        """
        difference = values - np.array(self.wanted.target)
        root = np.sqrt(self.weight)
        if self.wanted.style == "absolute-diff":
            noise = rounding_error(np.zeros(0)) * (1.0 + np.abs(self.wanted.target))
            size = np.sqrt(np.where(np.abs(difference) > noise, np.abs(difference), 0.0))
            slope = np.divide(0.5 * root, size, where=size > 0, out=np.zeros(len(size)))
            return root * np.sign(difference) * size, slope
        relative = self.wanted.style == "squared-relative"
        factor = (
            root / np.array(self.wanted.target) if relative else np.full(self.n, root / self.wanted.tolerance)
        )
        return factor * difference, factor
