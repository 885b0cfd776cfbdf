"""Potentials end at their cut-off, smoothly unless their definition says otherwise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.physics.oracle_cells import Structure
from tests.physics.oracle_kernels import Values, kernel_values
from tests.physics.oracle_samples import FORMS, INTERACTING, OF_DISTANCE, SAMPLES, fittable, reach_of

CELL, NO_PBC = 50.0 * np.eye(3), (False, False, False)


def _trimer(name: str, r: float) -> Values:
    """Return the values of two atoms at a usual distance with a third at distance r from the first, to the bit."""
    near = 1.2 * SAMPLES[name].distance
    position = np.array([[0.0, 0.0, 0.0], [0.0, near, 0.0], [0.0, 0.0, r]])
    structure = Structure(CELL, NO_PBC, position, np.zeros(3, dtype=np.int32))
    return kernel_values(name, [structure], 1, fittable(FORMS[name], 1))


def _distance(left: Values, right: Values) -> float:
    return max(float(np.abs(a - b).max()) for (_, a), (_, b) in zip(left.parts(), right.parts(), strict=True))


@pytest.mark.parametrize("name", INTERACTING + OF_DISTANCE)
def test_nothing_beyond_the_cutoff(name: str) -> None:
    cutoff = reach_of(FORMS[name], 1)
    alone = _trimer(name, 2 * cutoff)
    assert np.abs(alone.energies).max() > 0
    for r in (cutoff, np.nextafter(cutoff, np.inf), 1.01 * cutoff):
        assert _distance(_trimer(name, r), alone) == 0.0


@pytest.mark.parametrize("name", INTERACTING + OF_DISTANCE)
def test_steps_at_the_cutoff(name: str) -> None:
    """Energies, forces, virials and all derivatives approach what is beyond; forms that are cut jump there."""
    cutoff = reach_of(FORMS[name], 1)
    alone = _trimer(name, 2 * cutoff)
    gaps = [_distance(_trimer(name, cutoff - h), alone) for h in (0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-6, 1e-12)]
    assert gaps[0] > 1e-4
    if SAMPLES[name].continuous:
        assert gaps == sorted(gaps, reverse=True), gaps
        # Slopes that end linearly, as under a cosine, leave a part of 1e-11.
        assert gaps[-1] < 1e-10 * gaps[0], gaps
    else:
        assert gaps[-1] > 1e-3, gaps


@pytest.mark.parametrize("name", [name for name in INTERACTING + OF_DISTANCE if SAMPLES[name].continuous])
def test_smooth_across_the_range(name: str) -> None:
    """No jump between neighbouring distances: halving the step halves the largest change."""
    cutoff = reach_of(FORMS[name], 1)

    def largest_change(n: int) -> float:
        scan = [_trimer(name, float(r)) for r in np.linspace(0.6 * cutoff, 1.1 * cutoff, n + 1)]
        return max(_distance(a, b) for a, b in pairwise(scan))

    coarse, fine = largest_change(200), largest_change(400)
    assert 1.8 < coarse / fine < 2.2, (coarse, fine)
