"""NIST StRD, nonlinear regression: 27 problems with two starts each and certified parameters.

The data files hold starts, certified values with their standard deviations, and the data; the models are said again
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from cases import Array, Case

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "nist"

#: Lanczos1 has data of 14 digits from the model itself; its certified sum of squares, 1.4e-25, is rounding. A sum of
#: squares below this stands for 1e-10 in the residuals, six digits in the parameters.
ABSOLUTE = 1e-20

#: Draws of the perturbed starts, and the width of their logarithm.
N_DRAWS, WIDTH = 20, 0.5


def _gauss(b: Any, x: Any) -> Any:
    peaks = b[2] * np.exp(-(((x - b[3]) / b[4]) ** 2)) + b[5] * np.exp(-(((x - b[6]) / b[7]) ** 2))
    return b[0] * np.exp(-b[1] * x) + peaks


def _cubic(b: Any, x: Any) -> Any:
    return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1 + x * (b[4] + x * (b[5] + x * b[6])))


def _enso(b: Any, x: Any) -> Any:
    turn = 2 * np.pi * x
    year = b[1] * np.cos(turn / 12) + b[2] * np.sin(turn / 12)
    second = b[4] * np.cos(turn / b[3]) + b[5] * np.sin(turn / b[3])
    return b[0] + year + second + b[7] * np.cos(turn / b[6]) + b[8] * np.sin(turn / b[6])


def _lanczos(b: Any, x: Any) -> Any:
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def _saturating(b: Any, x: Any) -> Any:
    return b[0] * (1 - np.exp(-b[1] * x))


def _chwirut(b: Any, x: Any) -> Any:
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


#: Prediction from parameters and predictor; Nelson predicts log y from two.
MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": _saturating,
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubic,
    "Kirby2": lambda b, x: (b[0] + x * (b[1] + x * b[2])) / (1 + x * (b[3] + x * b[4])),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": _saturating,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** (-2)),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** (-0.5)),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": _cubic,
}


@dataclass(frozen=True)
class Certified:
    """What one file says: starts [2, P], certified parameters and their standard deviations [P], and the data."""

    name: str
    starts: Array
    parameters: Array
    deviations: Array
    cost: float
    y: Array
    x: Array

    def residual(self, b: Any) -> Any:
        """Return model minus data, [N]; in the logarithm for Nelson."""
        y = np.log(self.y) if self.name == "Nelson" else self.y
        return MODELS[self.name](b, self.x) - y


@cache
def read(name: str) -> Certified:
    """Return a problem from its file."""
    lines = (FOLDER / f"{name}.dat").read_text(encoding="ascii").splitlines()
    rows = [line.split("=")[1].split() for line in lines if re.match(r"\s*b\d+\s*=", line)]
    table = np.array(rows, dtype=float)
    cost = next(float(line.split(":")[1]) for line in lines if line.startswith("Residual Sum of Squares"))
    first = max(k for k, line in enumerate(lines) if line.startswith("Data:"))
    data = np.array([line.split() for line in lines[first + 1 :] if line.strip()], dtype=float)
    x = data[:, 1] if data.shape[1] == 2 else data[:, 1:].T
    return Certified(name, table[:, :2].T, table[:, 2], table[:, 3], cost, data[:, 0], x)


def both_starts(_seed: int) -> list[Case]:
    """Return 54 cases: the certified parameters to six digits, from both starts, in up to 2000 Jacobians."""
    problems = [read(name) for name in MODELS]
    return [
        Case(
            f"{problem.name}/{k + 1}", problem.residual, start, certified=problem.parameters, n_jacobians=2000
        )
        for problem in problems
        for k, start in enumerate(problem.starts)
    ]


def perturbed(seed: int) -> list[Case]:
    """Return 540 cases: start 1 times exp(normal / 2) in every parameter, and the certified sum of squares to 1e-6."""
    cases = []
    for k, name in enumerate(MODELS):
        problem, random = read(name), np.random.default_rng([seed, k])
        goal = ABSOLUTE if name == "Lanczos1" else problem.cost * (1 + 1e-6)
        for draw in range(N_DRAWS):
            start = problem.starts[0] * np.exp(WIDTH * random.standard_normal(len(problem.parameters)))
            cases.append(Case(f"{name}#{draw}", problem.residual, start, goal))
    return cases
