"""Splines against SciPy's, their ends, and what is refused."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from hpcfit.potential.functions import compile_function, compile_potential
from hpcfit.potential.library import Batch, Geometry, evaluate, potential_forms
from hpcfit.potential.spline import compile_spline
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
    n, n_parameters = len(x), len(function.all_parameters)
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
    potential = Potential("P", "eam", function.all_parameters, (function,), (0, -1, -1))
    functions = compile_potential(potential, FORM, 1, range(n_parameters))
    columns = np.zeros((1 + n_parameters, geometry.n_rows(False)))
    free, values = (
        np.arange(n_parameters, dtype=np.int32),
        np.array([p.start for p in function.all_parameters]),
    )
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


@pytest.mark.parametrize("is_clamped", [False, True])
def test_tables_of_many_knots(is_clamped: bool) -> None:
    n = 700
    knots = np.linspace(1.0, 9.0, n) ** 1.3
    count = n + 2 * is_clamped
    rows = tuple(Parameter(f"p{k}", "", 0.0, -np.inf, np.inf, True) for k in range(count))
    made = compile_function(
        Function("S", "spline", tuple(p.path for p in rows), rows, knots=tuple(knots)), (), False
    )
    values, ends = np.eye(count + 1, n), np.zeros((2, count + 1))
    values[n:] = 0.0
    if is_clamped:
        ends[[0, 1], [n, n + 1]] = 1.0
    whole = CubicSpline(knots, values.T, bc_type=((1, ends[0]), (1, ends[1])) if is_clamped else "natural")
    wanted, found = whole(knots, 1).T, made.slopes.dense(n)
    assert np.array_equal(made.values.dense(n), values)
    # To the bit where an entry is kept, and no more left out than no sum of doubles can tell.
    assert np.array_equal(found[found != 0.0], wanted[found != 0.0])
    assert (np.abs(found - wanted) <= 2.0**-110 * np.abs(wanted).max(axis=1, keepdims=True)).all()
    # A factor of 2 + sqrt(3), or nearly, from knot to knot: 58 knots either side, and not 700.
    assert len(made.slopes.entries) < 125 * count


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


@pytest.mark.parametrize(("ends", "kind"), [("natural", "natural"), ("clamped", ((1, -3.0), (1, 0.7)))])
def test_ends_of_a_table(ends: str, kind: Any) -> None:
    table = Function(
        "T", "tabulated", (), (), knots=KNOTS, values=tuple(Y), ends=ends, slopes=(-3.0, 0.7), cutoff=9.0
    )
    found, wanted = _columns(table, X), _beyond(CubicSpline(KNOTS, Y, bc_type=kind), X)
    for a, b in zip(found, wanted, strict=True):
        assert np.abs(a[0] - b).max() < 2e-14 * np.abs(b).max()


def _formula(text: str, values: dict[str, float], cutoff: float = np.inf) -> Function:
    rows = tuple(Parameter(name, "", value, -np.inf, np.inf, True) for name, value in values.items())
    return Function(text, "user-function", tuple(values), rows, text, "x", cutoff)


def _parts(function: Function) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return value and slope, then their derivatives by each parameter, of a part at `X`; zero from its end on."""
    values, slopes = _columns(replace(function, cutoff=9.0), X)
    inside = function.reach > X
    return [(v * inside, s * inside) for v, s in zip(values, slopes, strict=True)]


def _product(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return a[0] * b[0], a[1] * b[0] + a[0] * b[1]


def _check(function: Function, wanted: list[tuple[np.ndarray, np.ndarray]]) -> None:
    found = _columns(function, X)
    assert len(wanted) == len(function.all_parameters) + 1 == len(found[0])
    for column, pair in enumerate(wanted):
        for a, b in zip(found, pair, strict=True):
            assert np.abs(a[column] - b).max() < 1e-14 * max(np.abs(b).max(), 1.0), column
        assert np.abs(pair[0]).max() > 1e-3


FIRST, SECOND = _spline([*Y, -3.0, 0.7]), replace(_spline(Y[::-1] + 0.1, cutoff=4.5), id="S2")
DECAY = _formula("A*exp(-b*x)", {"A": 2.0, "b": 0.7}, 5.0)


def test_sum() -> None:
    """Parts come with their own cut-offs, and a formula stands between two splines."""
    function = Function("A", "sum", (), (), cutoff=5.5, children=(FIRST, DECAY, SECOND))
    first, decay, second = map(_parts, (replace(FIRST, cutoff=5.5), DECAY, SECOND))
    total = tuple(a + b + c for a, b, c in zip(first[0], decay[0], second[0], strict=True))
    _check(function, [total, *first[1:], *decay[1:], *second[1:]])


def test_product_of_splines() -> None:
    function = Function("A", "product", (), (), cutoff=9.0, children=(FIRST, DECAY, SECOND))
    parts = [[(v * (X < 4.5), s * (X < 4.5)) for v, s in _parts(f)] for f in (FIRST, DECAY, SECOND)]
    total = functools.reduce(_product, (part[0] for part in parts))
    wanted = [total]
    for own in range(3):
        others = functools.reduce(_product, (parts[k][0] for k in range(3) if k != own))
        wanted += [_product(column, others) for column in parts[own][1:]]
    _check(function, wanted)


@pytest.mark.parametrize("screened", [FIRST, Function("A", "sum", (), (), children=(DECAY, FIRST))])
def test_screening(screened: Function) -> None:
    screening = _formula("(5-x)^2*s", {"s": 0.2}, 5.0)
    function = replace(screened, cutoff=9.0, screening=screening)
    own, screen = _parts(screened), _parts(screening)
    _check(function, [*(_product(column, screen[0]) for column in own), _product(own[0], screen[1])])


def test_tabulated_and_fitted() -> None:
    """A function without parameters is none the less a part."""
    table = Function("T", "tabulated", (), (), knots=KNOTS, values=tuple(Y), cutoff=4.0)
    function = Function("A", "product", (), (), cutoff=9.0, children=(table, FIRST))
    first = [(v * (X < 4), s * (X < 4)) for v, s in _parts(FIRST)]
    _check(function, [_product(column, _parts(table)[0]) for column in first])


def test_a_function_of_nothing_but_tables() -> None:
    table = Function("T", "tabulated", (), (), knots=KNOTS, values=tuple(Y), cutoff=4.0)
    function = Function("A", "sum", (), (), cutoff=9.0, children=(table, table))
    _check(function, [tuple(2 * a for a in _parts(table)[0])])


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
    ],
)
def test_faults(function: Function, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_function(function, (), False)


@pytest.mark.parametrize("first", [-1.0, 0.0, 3.0])
def test_bins_lead_to_the_interval_or_to_the_one_before(first: float) -> None:
    """What the kernel relies on, which looks at one further knot: wherever the knots begin."""
    knots = first + np.array([0.0, 0.07, 0.5, 0.56, 1.1, 2.0])
    spline = compile_spline(replace(_spline(Y), knots=tuple(knots)), second=False)
    x = np.linspace(knots[0], np.nextafter(knots[-1], knots[0]), 4001)
    bins = ((x - knots[0]) * spline.bins_per_unit).astype(int)
    started = spline.bins[np.minimum(bins, len(spline.bins) - 1)]
    interval = np.searchsorted(knots, x, side="right") - 1
    assert set(interval - started) <= {0.0, 1.0}
