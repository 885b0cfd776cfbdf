"""Functions said again in NumPy: the built-in ones, and splines."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcfit.catalogue import records
from tests.function_forms._reference import Reference


def spline(x: Any, knots: tuple[float, ...], y: Any, ends: tuple[Any, Any] | None) -> Any:
    """Return a cubic spline by its second derivatives at the knots, linear outside; natural without `ends`."""
    k, n = np.array(knots, dtype=np.longdouble), len(knots)
    h, rise = np.diff(k), np.diff(y) / np.diff(k)
    matrix, right = np.eye(n, dtype=np.longdouble), np.zeros(n, dtype=np.longdouble)
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = h[i - 1] / 6, (h[i - 1] + h[i]) / 3, h[i] / 6
        right[i] = rise[i] - rise[i - 1]
    if ends:
        matrix[0, :2], right[0] = (h[0] / 3, h[0] / 6), rise[0] - ends[0]
        matrix[-1, -2:], right[-1] = (h[-1] / 6, h[-1] / 3), ends[1] - rise[-1]
    for i in range(1, n):  # elimination: NumPy solves no systems in extended precision
        factor = matrix[i, i - 1] / matrix[i - 1, i - 1]
        matrix[i] -= factor * matrix[i - 1]
        right[i] -= factor * right[i - 1]
    second = np.zeros(n, dtype=np.longdouble)
    for i in reversed(range(n)):
        second[i] = (right[i] - matrix[i, i + 1 :] @ second[i + 1 :]) / matrix[i, i]
    inside = np.clip(x, k[0], k[-1])
    i = np.clip(np.searchsorted(k, inside, side="right") - 1, 0, n - 2)
    a, b = (k[i + 1] - inside) / h[i], (inside - k[i]) / h[i]
    bend = ((a**3 - a) * second[i] + (b**3 - b) * second[i + 1]) * h[i] ** 2 / 6
    slope = rise[i] + ((1 - 3 * a**2) * second[i] + (3 * b**2 - 1) * second[i + 1]) * h[i] / 6
    return a * y[i] + b * y[i + 1] + bend + slope * (x - inside)


#: By name.
REFERENCES = {reference.name: reference for reference in records("tests.function_forms", Reference)}
