"""Splines against SciPy's, their ends, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from hpcfit.potential.functions import compile_function, compile_potential
from hpcfit.potential.library import Batch, Geometry, evaluate, potential_forms
from hpcfit.records import Function, Parameter, Potential

FORM = next(form for form in potential_forms() if form.name == "eam")
KNOTS = (1.0, 1.1, 2.0, 2.2, 3.7, 5.0)
Y = np.array([2.0, 1.2, -0.3, -0.5, -0.2, 0.4])
#: Knots, their neighbours and everything between, below and above.
X = np.concatenate([np.linspace(0.2, 6.0, 801), KNOTS, np.nextafter(KNOTS, 0), np.nextafter(KNOTS, 9)])


def _spline(values: Any, **others: Any) -> Function:
    names = [f"node[{k}].y" for k in range(len(KNOTS))] + ["derivative-left", "derivative-right"]
    rows = tuple(
        Parameter(n, "", float(v), -np.inf, np.inf, True) for n, v in zip(names, values, strict=False)
    )
    others = {"knots": KNOTS, "cutoff": 9.0, **others}
    return Function("S", "spline", tuple(p.path for p in rows), rows, **others)


def _columns(function: Function, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values and slopes [1 + n_parameters, n] of a pair function at distances x."""
    n, n_parameters = len(x), len(function.parameters)
    vector = np.zeros((2 * n, 3))
    vector[::2, 0], vector[1::2, 0] = x, -x
    geometry = Geometry(
        Batch(
            n_species=1,
            structure_start=np.arange(0, 2 * n + 1, 2),
            species=np.zeros(2 * n, dtype=np.int32),
            neighbour_start=np.arange(2 * n + 1),
            neighbour=np.arange(2 * n, dtype=np.int32).reshape(-1, 2)[:, ::-1].ravel().copy(),
            vector=vector,
        )
    )
    potential = Potential("P", "eam", function.parameters, (function,), (0, -1, -1))
    functions = compile_potential(potential, FORM, 1, range(n_parameters))
    columns = np.zeros((1 + n_parameters, geometry.n_rows(False)))
    free, values = np.arange(n_parameters, dtype=np.int32), np.array([p.start for p in function.parameters])
    evaluate("eam", geometry, values, free, columns, False, functions)
    return columns[:, :n], columns[:, n:].reshape(1 + n_parameters, n, 6)[:, :, 0]


def _beyond(spline: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return value and slope of a SciPy spline, linear outside the knots."""
    inside = np.clip(x, KNOTS[0], KNOTS[-1])
    slope = spline(inside, 1)
    return spline(inside) + slope * (x - inside), slope


@pytest.mark.parametrize("ends", [None, (-3.0, 0.7)])
def test_values_slopes_and_derivatives(ends: tuple[float, float] | None) -> None:
    parameters = [*Y, *ends] if ends else [*Y]
    found = _columns(_spline(parameters), X)
    for column in range(len(parameters) + 1):
        # The derivative by a parameter is the spline with this parameter 1 and all others 0.
        p = np.array(parameters) if column == 0 else np.eye(len(parameters))[column - 1]
        kind = ((1, p[-2]), (1, p[-1])) if ends else "natural"
        wanted = _beyond(CubicSpline(KNOTS, p[: len(KNOTS)], bc_type=kind), X)
        for a, b in zip(found, wanted, strict=True):
            assert np.abs(a[column] - b).max() < 2e-14 * np.abs(b).max(), column


def test_two_knots() -> None:
    found = _columns(_spline([1.0, 3.0, -1.0, 2.0], knots=(1.0, 2.0)), np.array([1.0, 1.5, 2.0, 3.0]))
    assert np.allclose(found[0][0], [1.0, 1.625, 3.0, 5.0], rtol=0, atol=1e-14)
    assert np.allclose(
        _columns(_spline([1.0, 3.0], knots=(1.0, 2.0)), np.array([1.25, 4.0]))[0][0], [1.5, 7.0]
    )


def test_cutoff() -> None:
    values, slopes = _columns(_spline(Y, cutoff=3.0), np.array([2.9, np.nextafter(3, 0), 3.0, 4.0]))
    assert (values[:, :2] != 0).all()
    assert not values[:, 2:].any()
    assert not slopes[:, 2:].any()


def test_tabulated() -> None:
    knots = np.linspace(1.0, 6.0, 2000) + 1e-3 * np.random.default_rng(4).uniform(0, 1, 2000)
    function = Function(
        "T",
        "tabulated",
        (),
        (),
        knots=tuple(knots),
        values=tuple(np.exp(-knots) * np.sin(5 * knots)),
        cutoff=6.0,
    )
    x = np.linspace(1.1, 5.9, 500)
    values, slopes = _columns(function, x)
    assert np.abs(values[0] - np.exp(-x) * np.sin(5 * x)).max() < 1e-6
    wanted = CubicSpline(knots, function.values)
    assert np.abs(values[0] - wanted(x)).max() < 1e-14
    assert np.abs(slopes[0] - wanted(x, 1)).max() < 1e-11


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_spline(Y, knots=(1.0, 1.0, 2.0, 2.2, 3.7, 5.0)), "knots of 'S' do not ascend"),
        (_spline(Y, knots=(1.0,)), "knots of 'S' do not ascend, found .*, allowed two or more"),
        (_spline(Y, knots=KNOTS[:-1]), "parameters of 'S' do not fit its knots, found 6, allowed 5 or 7"),
        (_spline(Y, knots=(*KNOTS[:5], KNOTS[4] + 1e-9)), "knots of 'S' are too close"),
        (
            Function("T", "tabulated", (), (), knots=KNOTS, values=(1.0,)),
            "values of 'T' do not fit its knots",
        ),
        (Function("A", "sum", (), (), children=(_spline(Y),)), "spline in a sum, product or .*, found 'S'"),
        (
            _spline(Y, screening=Function("E", "exp-A", (), (), cutoff=5.0)),
            "with a screening function, found 'S'",
        ),
    ],
)
def test_faults(function: Function, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_function(function, (), False)
