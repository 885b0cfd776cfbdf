import numpy as np
import pytest

from hpcfit.structure.relax.stencils import OFFSETS, first, second


def test_quartic_is_exact():
    coefficients = np.array([0.3, -1.1, 0.7, 2.0, -0.4])
    h = 0.1
    values = np.array([np.polyval(coefficients, k * h) for k in OFFSETS])
    assert first(values, h) == pytest.approx(coefficients[3], rel=1e-12)
    assert second(values, coefficients[4], h) == pytest.approx(2 * coefficients[2], rel=1e-11)


def test_error_is_of_the_fourth_order():
    errors = [abs(float(first(np.array([np.exp(k * h) for k in OFFSETS]), h)) - 1) for h in (0.1, 0.05)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.01)
