"""Cauchy's loss: logarithmic for large residuals."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray, RobustLossForm

#: Coefficients of (d2s/du2)/s in powers of s^2, from the fourth down.
_SERIES = (-7 / 16, 31 / 30, -15 / 8, 7 / 3, -3 / 2)


def _row(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return s(u) and ds/du."""
    z = u**2
    share = np.sqrt(np.divide(np.log1p(z), z, where=z > 0.0, out=np.ones_like(z)))
    return u * share, 1.0 / ((1.0 + z) * share)


def _curvature(s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ds/du and d2s/du2 at the value s."""
    z = np.expm1(s**2)
    share = np.sqrt(np.divide(s**2, z, where=z > 0.0, out=np.ones_like(z)))
    slope = 1.0 / ((1.0 + z) * share)
    # From (s^2)'' = 2 (1 - z)/(1 + z)^2, which cancels at small s; the series there is accurate to 1e-12.
    small = z < 1e-3
    curvature = s * np.polyval(_SERIES, s**2)
    np.divide((1.0 - z) / (1.0 + z) ** 2 - slope**2, s, where=~small, out=curvature)
    return slope, curvature


RECORDS = (
    RobustLossForm(
        "cauchy",
        "log(1 + z)",
        "scipy.optimize.least_squares; Triggs et al., Bundle Adjustment, LNCS 1883, 298 (2000)",
        _row,
        _curvature,
    ),
)
