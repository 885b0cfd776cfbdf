"""Soft L1: quadratic for small residuals, linear for large ones."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray, RobustLossForm


def _row(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s(u) and ds/du, in a form without cancellation at small u."""
    root = np.hypot(1.0, u)
    return u * np.sqrt(2.0 / (root + 1.0)), np.sqrt(0.5 * (root + 1.0)) / root


def _curvature(s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ds/du and d2s/du2 at the value s."""
    root = 1.0 + 0.5 * s**2
    return np.sqrt(0.5 * (root + 1.0)) / root, -0.25 * s * (root + 2.0) / root**3


RECORDS = (
    RobustLossForm(
        "soft-l1",
        "2 (sqrt(1 + z) - 1)",
        "scipy.optimize.least_squares; Triggs et al., Bundle Adjustment, LNCS 1883, 298 (2000)",
        _row,
        _curvature,
    ),
)
