"""Functions evaluated from Python, against the same formula in NumPy."""

import math

import numpy as np
import pytest

from hpcfit.potential.functions import tabulate
from hpcfit.records import Function, Parameter


def _parameters(**values):
    return tuple(Parameter(name, "1", math.nan, -math.inf, math.inf, False) for name in values)


def _function(formula, cutoff=math.inf, **values):
    return Function("f", "user-function", tuple(values), _parameters(**values), formula, "r", cutoff)


@pytest.mark.parametrize("n", [1, 7, 8, 129, 1000])
def test_value_and_slope(n):
    function = _function("A*exp(-b*r)*(r-cutoff)^2", 4.0, A=3.0, b=1.5)
    x = np.linspace(0.5, 4.5, n)
    value, slope = tabulate(function, np.array([3.0, 1.5]), x)
    inside, gap = x < 4.0, x - 4.0
    wanted = 3.0 * np.exp(-1.5 * x) * gap**2 * inside
    assert value.shape == slope.shape == (n,)
    assert np.allclose(value, wanted, rtol=1e-14, atol=1e-15)
    assert np.allclose(
        slope, 3.0 * np.exp(-1.5 * x) * (2 * gap - 1.5 * gap**2) * inside, rtol=1e-13, atol=1e-14
    )


def test_parameters_of_parts_follow_in_order():
    first, second = _function("a*r", 3.0, a=0.0), _function("b", 2.0, b=0.0)
    screening = _function("c*r", 5.0, c=0.0)
    whole = Function("s", "sum", (), (), children=(first, second), screening=screening)
    value, _ = tabulate(whole, np.array([1.0, 10.0, 100.0]), np.array([1.0, 2.5, 3.5]))
    assert value.tolist() == pytest.approx([1100.0, 625.0, 0.0], rel=1e-15)


def test_splines_among_the_parts():
    """The parameters of a spline stand between those of the parts beside it."""
    line = Function("l", "spline", ("y1", "y2"), _parameters(y1=0.0, y2=0.0), knots=(1.0, 3.0))
    whole = Function(
        "s", "sum", (), (), children=(_function("a*r", a=0.0), line), screening=_function("c", c=0.0)
    )
    value, slope = tabulate(whole, np.array([10.0, 1.0, 2.0, 100.0]), np.array([1.0, 2.0]))
    assert value.tolist() == pytest.approx([1100.0, 2150.0], rel=1e-15)
    assert slope.tolist() == pytest.approx([1050.0, 1050.0], rel=1e-15)


def test_parameters_of_the_wrong_number_are_refused():
    with pytest.raises(ValueError, match="array of wrong layout"):
        tabulate(_function("a*r", 3.0, a=0.0), np.array([1.0, 2.0]), np.ones(3))
