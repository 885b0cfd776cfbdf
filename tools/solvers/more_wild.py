"""The least-squares problems of More and Wild, SIAM J. Optim. 20, 172 (2009): 37 of them, from starts near and far.

Most are of More, Garbow and Hillstrom, ACM Trans. Math. Softw. 7, 17 (1981). A case is solved when the sum of squares
exceeds the best known one by at most 1e-6 of it, plus 1e-14 of that at the standard start (the best may be zero).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from cases import Array, Case, Residual
from more_wild_data import BARD, KOWALIK, MEYER, OSBORNE_1, OSBORNE_2

FACTORS = (1, 10, 100)


def linear(n: int, x: Any) -> Any:
    """Return a linear function of full rank."""
    return np.concatenate([x, np.zeros(n - len(x))]) - 2 * x.sum() / n - 1


def linear_rank_one(n: int, x: Any) -> Any:
    """Return a linear function of rank one."""
    return np.arange(1, n + 1) * (np.arange(1, len(x) + 1) @ x) - 1


def linear_rank_one_zeros(n: int, x: Any) -> Any:
    """Return a linear function of rank one with columns and rows of zeros."""
    return np.append(np.arange(n - 1) * (np.arange(2, len(x)) @ x[1:-1]), 0) - 1


def rosenbrock(_n: int, x: Any) -> Any:
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def helical_valley(_n: int, x: Any) -> Any:
    turn = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0].real < 0 else 0.0)
    return np.array([10 * (x[2] - 10 * turn), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


def powell_singular(_n: int, x: Any) -> Any:
    last = np.sqrt(10) * (x[0] - x[3]) ** 2
    return np.array([x[0] + 10 * x[1], np.sqrt(5) * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2, last])


def freudenstein_roth(_n: int, x: Any) -> Any:
    first = x[0] - 13 + ((5 - x[1]) * x[1] - 2) * x[1]
    return np.array([first, x[0] - 29 + ((x[1] + 1) * x[1] - 14) * x[1]])


def bard(n: int, x: Any) -> Any:
    u = np.arange(1, n + 1)
    return BARD - x[0] - u / ((n + 1 - u) * x[1] + np.minimum(u, n + 1 - u) * x[2])


def kowalik_osborne(_n: int, x: Any) -> Any:
    y, u = KOWALIK
    return y - x[0] * u * (u + x[1]) / (u * (u + x[2]) + x[3])


def meyer(n: int, x: Any) -> Any:
    return x[0] * np.exp(x[1] / (45 + 5 * np.arange(1, n + 1) + x[2])) - MEYER


def watson(_n: int, x: Any) -> Any:
    power = np.arange(len(x))
    t = (np.arange(1, 30) / 29)[:, None] ** power
    slope = power[1:] * x[1:]
    return np.concatenate([t[:, :-1] @ slope - (t @ x) ** 2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])


def box(n: int, x: Any) -> Any:
    t = np.arange(1, n + 1) / 10
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) + x[2] * (np.exp(-10 * t) - np.exp(-t))


def jennrich_sampson(n: int, x: Any) -> Any:
    k = np.arange(1, n + 1)
    return 2 + 2 * k - np.exp(k * x[0]) - np.exp(k * x[1])


def brown_dennis(n: int, x: Any) -> Any:
    t = np.arange(1, n + 1) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def chebyquad(n: int, x: Any) -> Any:
    before, now, rows = np.ones_like(x), 2 * x - 1, []
    for k in range(1, n + 1):
        rows.append(now.mean() + (0.0 if k % 2 else 1 / (k**2 - 1)))
        before, now = now, 2 * (2 * x - 1) * now - before
    return np.array(rows)


def brown_almost_linear(_n: int, x: Any) -> Any:
    return np.append(x[:-1] + x.sum() - (len(x) + 1), x.prod() - 1)


def osborne_1(n: int, x: Any) -> Any:
    t = 10 * np.arange(n)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def osborne_2(n: int, x: Any) -> Any:
    t = np.arange(n)[:, None] / 10
    peaks = (x[1:4] * np.exp(-((t - x[8:11]) ** 2) * x[5:8])).sum(axis=1)
    return OSBORNE_2 - x[0] * np.exp(-t[:, 0] * x[4]) - peaks


def bdqrtic(_n: int, x: Any) -> Any:
    squares = x**2
    mixed = squares[:-4] + 2 * squares[1:-3] + 3 * squares[2:-2] + 4 * squares[3:-1] + 5 * squares[-1]
    return np.concatenate([3 - 4 * x[:-4], mixed])


def cube(_n: int, x: Any) -> Any:
    return np.append(x[0] - 1, 10 * (x[1:] - x[:-1] ** 3))


def _mancino_sum(x: Any) -> Any:
    k = np.arange(1, len(x) + 1)
    root = np.sqrt(x[:, None] ** 2 + k[:, None] / k)
    return (root * (np.sin(np.log(root)) ** 5 + np.cos(np.log(root)) ** 5)).sum(axis=1)


def mancino(n: int, x: Any) -> Any:
    return 1400 * x + (np.arange(n) - 49.0) ** 3 + _mancino_sum(x)


def heart(_n: int, x: Any) -> Any:
    """Return the moments (a + i c) (t + i u)^k of two dipoles less those measured."""
    a, c = x[0:2], x[2:4]
    t, u = x[4:6], x[6:8]
    rows, real, imaginary = [], a, c
    for _ in range(4):
        rows += [real.sum(), imaginary.sum()]
        real, imaginary = real * t - imaginary * u, imaginary * t + real * u
    moments = [-0.69, -0.044, -1.57, -1.31, -2.65, 2.0, -12.6, 9.48]
    return np.array(rows) - moments


@dataclass(frozen=True)
class Problem:
    """A function with its sizes N and P, its standard start, and the best known sum of squares."""

    function: Any
    n: int
    start: Array
    best: float

    @property
    def residual(self) -> Residual:
        """The residual as a function of x alone."""
        return partial(self.function, self.n)


def _linear(function: Any, n: int, p: int, best: float) -> Problem:
    return Problem(function, n, np.ones(p), best)


def _rank_one(n: int, p: int) -> Problem:
    return _linear(linear_rank_one, n, p, n * (n - 1) / (2 * (2 * n + 1)))


def _rank_one_zeros(n: int, p: int) -> Problem:
    return _linear(linear_rank_one_zeros, n, p, (n**2 + 3 * n - 6) / (2 * (2 * n - 3)))


def _chebyquad(p: int, best: float) -> Problem:
    return Problem(chebyquad, p, np.arange(1, p + 1) / (p + 1), best)


def _mancino(p: int) -> Problem:
    start = -8.710996e-4 * ((np.arange(p) - 49.0) ** 3 + _mancino_sum(np.zeros(p)))
    return Problem(mancino, p, start, 0.0)


def _problems() -> list[Problem]:
    kowalik, hydra = [0.25, 0.39, 0.415, 0.39], [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5]
    dipoles = [-0.3, -0.39, 0.3, -0.344, -1.2, 2.69, 1.59, -1.5]
    return [
        _linear(linear, 45, 9, 36.0),
        _rank_one(35, 7),
        _rank_one_zeros(35, 7),
        Problem(rosenbrock, 2, np.array([-1.2, 1.0]), 0.0),
        Problem(helical_valley, 3, np.array([-1.0, 0.0, 0.0]), 0.0),
        Problem(powell_singular, 4, np.array([3.0, -1.0, 0.0, 1.0]), 0.0),
        Problem(freudenstein_roth, 2, np.array([0.5, -2.0]), 0.0),
        Problem(bard, 15, np.ones(3), 8.214877306578e-3),
        Problem(kowalik_osborne, 11, np.array(kowalik), 3.075056038492e-4),
        Problem(meyer, 16, np.array([0.02, 4000.0, 250.0]), 87.94585517038),
        Problem(watson, 31, np.full(6, 0.5), 2.287670053552e-3),
        Problem(watson, 31, np.full(9, 0.5), 1.399760138080e-6),
        Problem(watson, 31, np.full(12, 0.5), 4.722381099e-10),
        Problem(box, 10, np.array([0.0, 10.0, 20.0]), 0.0),
        Problem(jennrich_sampson, 10, np.array([0.3, 0.4]), 124.3621823556),
        Problem(brown_dennis, 20, np.array([25.0, 5.0, -5.0, -1.0]), 85822.20162636),
        *(_chebyquad(p, best) for p, best in CHEBYQUAD.items()),
        Problem(brown_almost_linear, 10, np.full(10, 0.5), 0.0),
        Problem(osborne_1, 33, np.array([0.5, 1.5, 1.0, 0.01, 0.02]), 5.464894697483e-5),
        Problem(osborne_2, 65, np.array(hydra), 4.013773629355e-2),
        *(Problem(bdqrtic, 2 * (p - 4), np.ones(p), best) for p, best in BDQRTIC.items()),
        *(Problem(cube, p, np.full(p, 0.5), 0.0) for p in (5, 6, 8)),
        *(_mancino(p) for p in (5, 8, 10, 12)),
        Problem(heart, 8, np.array(dipoles), 0.0),
    ]


#: Best known sums of squares by the number of parameters.
CHEBYQUAD = {6: 0.0, 7: 0.0, 8: 3.516873725677e-3, 9: 0.0, 10: 4.772713696375e-3, 11: 2.799761551866e-3}
BDQRTIC = {8: 10.23897342132, 10: 18.28116175359, 11: 22.26059173488, 12: 26.27276639679}

PROBLEMS = _problems()


def cases(_seed: int) -> list[Case]:
    """Return 111 cases: every problem from its standard start times 1, 10 and 100."""
    made = []
    for problem in PROBLEMS:
        r = problem.residual(problem.start)
        goal = problem.best * (1 + 1e-6) + 1e-14 * float(r @ r)
        name = f"{problem.function.__name__}-{len(problem.start)}"
        made += [
            Case(f"{name} x{factor}", problem.residual, factor * problem.start, goal) for factor in FACTORS
        ]
    return made
