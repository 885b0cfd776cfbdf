"""Functions in LAMMPS's files, as LAMMPS evaluates them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpcfit.records import FloatArray


@dataclass(frozen=True)
class Curve:
    """A function in a file: a piecewise cubic with given slopes, or a spline.

    Parameters
    ----------
    name
        Its id.
    role
        Its role in the potential.
    species
        Labels of its atoms, without the central atom if it does not depend on that.
    x, y
        [n] points, ascending.
    cutoff
        Infinite for a function of something else than a distance.
    slopes
        [n], slopes of a piecewise cubic at its points; [2], slopes at both ends of a spline.
    is_table
        Whether it is a piecewise cubic.
    over_distance
        Whether the function is the piecewise cubic divided by the distance.
    """

    name: str
    role: str
    species: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    cutoff: float
    slopes: FloatArray
    is_table: bool = True
    over_distance: bool = False

    def evaluate(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values and slopes of the function at `x`, inside its points."""
        cubic = self._cubic()
        value, slope = cubic(x), cubic(x, 1)
        return (value / x, (slope - value / x) / x) if self.over_distance else (value, slope)

    def _cubic(self) -> Any:
        # The import takes half a second, which other runs should not pay.
        from scipy.interpolate import CubicHermiteSpline, CubicSpline

        if self.is_table:
            return CubicHermiteSpline(self.x, self.y, self.slopes)
        return CubicSpline(self.x, self.y, bc_type=((1, self.slopes[0]), (1, self.slopes[1])))

    def extended(self, reach: float) -> Curve:
        """Return a table that its first cubic continues to -`reach` or further, as in LAMMPS."""
        step, cubic = self.x[1] - self.x[0], self._cubic()
        first = self.x[0] - step * max(1.0, np.ceil(reach / step))
        return replace(
            self,
            x=np.concatenate([[first], self.x]),
            y=np.concatenate([[cubic(first)], self.y]),
            slopes=np.concatenate([[cubic(first, 1)], self.slopes]),
        )


def five_point_slopes(y: FloatArray, step: float) -> FloatArray:
    """Return the slopes that LAMMPS gives a table at equidistant points: differences over five points."""
    slopes = np.empty_like(y)
    slopes[2:-2] = (y[:-4] - y[4:] + 8.0 * (y[3:-1] - y[1:-3])) / 12.0
    slopes[1], slopes[-2] = (y[2] - y[0]) / 2.0, (y[-1] - y[-3]) / 2.0
    slopes[0], slopes[-1] = y[1] - y[0], y[-1] - y[-2]
    return np.asarray(slopes / step)
