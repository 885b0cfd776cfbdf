"""Least-squares problems of plain arrays, in a table; Jacobians by complex steps, exact to rounding."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpcfit.solver.triangular import factor_rows, linearisation


def jacobian_of(residual: Callable[[Any], Any], x):
    step = 1e-30
    columns = [np.imag(residual(x + 1j * step * unit)) / step for unit in np.eye(len(x))]
    return np.array(columns).T


@dataclass
class ArrayProblem:
    """Answers the solver's questions from a residual function, and keeps every point that was asked for."""

    residual: Callable[[Any], Any]
    asked: list = field(default_factory=list)
    has_gradient: bool = True

    def _at(self, x):
        self.asked.append(np.array(x))
        with np.errstate(all="ignore"):
            return self.residual(x)

    def cost(self, x):
        r = self._at(x)
        return float(r @ r) if np.isfinite(r).all() else np.inf

    def linearise(self, x):
        self._point, self._r = x, self._at(x)
        with np.errstate(all="ignore"):
            self._jacobian = jacobian_of(self.residual, x)
        return linearisation(factor_rows(np.vstack([self._jacobian.T, self._r])))

    def gradient(self, x):
        r = self._at(x)
        with np.errstate(all="ignore"):
            return float(r @ r), jacobian_of(self.residual, x).T @ r

    def second_derivative(self, v, h):
        second = 2 / h * ((self._at(self._point + h * v) - self._r) / h - self._jacobian @ v)
        return self._jacobian.T @ second


@dataclass(frozen=True)
class Case:
    """A problem: residual, start, and what is known of its least sum of squares and where it lies."""

    residual: Callable[[Any], Any]
    start: tuple[float, ...]
    cost: float
    x: tuple[float, ...] | None = None


_T = np.linspace(0, 4, 40)


def _exponentials(p):
    """Sum of exponentials in logarithms of amplitudes and rates."""
    half = len(p) // 2
    return (np.exp(p[:half]) * np.exp(-np.exp(p[half:]) * _T[:, None])).sum(axis=1)


_EXP3 = np.log([1.0, 2.0, 3.0, 0.3, 1.0, 3.0])
_EXP4 = np.log([1.0, 2.0, 3.0, 1.0, 0.3, 1.0, 3.0, 9.0])


def _table(text):
    return np.array(text.split(), dtype=float).reshape(2, -1)


#: NIST StRD, Misra1a and Thurber: x, then y.
_MISRA = _table(
    """77.6 114.9 141.1 190.8 239.9 289.0 332.8 378.4 434.8 477.3 536.8 593.1 689.1 760.0
    10.07 14.73 17.94 23.93 29.61 35.18 40.02 44.82 50.76 55.05 61.01 66.40 75.47 81.78"""
)
_THURBER = _table(
    """-3.067 -2.981 -2.921 -2.912 -2.840 -2.797 -2.702 -2.699 -2.633 -2.481 -2.363 -2.322 -1.501 -1.460 -1.274
    -1.212 -1.100 -1.046 -0.915 -0.714 -0.566 -0.545 -0.400 -0.309 -0.109 -0.103 0.010 0.119 0.377 0.790 0.963
    1.006 1.115 1.572 1.841 2.047 2.200
    80.574 84.248 87.264 87.195 89.076 89.608 89.868 90.101 92.405 95.854 100.696 101.060 401.672 390.724 567.534
    635.316 733.054 759.087 894.206 990.785 1090.109 1080.914 1122.643 1178.351 1260.531 1273.514 1288.339
    1327.543 1353.863 1414.509 1425.208 1421.384 1442.962 1464.350 1468.705 1447.894 1457.628"""
)


def _thurber(b):
    x, y = _THURBER
    return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1 + x * (b[4] + x * (b[5] + x * b[6]))) - y


def _rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def _powell(x):
    return np.array(
        [
            x[0] + 10 * x[1],
            np.sqrt(5) * (x[2] - x[3]),
            (x[1] - 2 * x[2]) ** 2,
            np.sqrt(10) * (x[0] - x[3]) ** 2,
        ]
    )


def _beale(x):
    return np.array([y - x[0] * (1 - x[1] ** k) for k, y in ((1, 1.5), (2, 2.25), (3, 2.625))])


CASES = {
    "rosenbrock": Case(_rosenbrock, (-1.2, 1.0), 0.0, (1.0, 1.0)),
    "powell singular": Case(_powell, (3.0, -1.0, 0.0, 1.0), 0.0),
    "beale": Case(_beale, (1.0, 1.0), 0.0, (3.0, 0.5)),
    "three exponentials": Case(
        lambda p: _exponentials(p) - _exponentials(_EXP3), (0.5, 0.5, 0.5, -2.0, 0.5, 2.0), 0.0, tuple(_EXP3)
    ),
    "four exponentials": Case(
        lambda p: _exponentials(p) - _exponentials(_EXP4), (0.5, 0.5, 0.5, 0.5, -2.0, 0.5, 1.5, 3.0), 0.0
    ),
    "misra1a": Case(
        lambda b: b[0] * (1 - np.exp(-b[1] * _MISRA[0])) - _MISRA[1],
        (500.0, 1e-4),
        1.2455138894e-01,
        (2.3894212918e02, 5.5015643181e-04),
    ),
    "thurber": Case(
        _thurber,
        (1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03),
        5.6427082397e03,
        (
            1.2881396800e03,
            1.4910792535e03,
            5.8323836877e02,
            7.5416644291e01,
            9.6629502864e-01,
            3.9797285797e-01,
            4.9727297349e-02,
        ),
    ),
}
