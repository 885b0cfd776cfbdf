from functools import partial

import numpy as np

from tests.observables._sample import STEP, Sample, moved, slope, strained, stress, unit_strain


def clamped(atoms, energy, row, column):
    """The slope of a stress along a strain."""
    return slope(lambda h: stress(strained(atoms, np.eye(3) + h * unit_strain(row)), energy, column))


def shifts(x):
    """Return shifts that move the second atom."""
    return np.array([[0.0, 0.0, 0.0], x])


def relaxed(atoms, energy, row, column):
    """The second atom is displaced first, and then follows the strain."""
    axes = np.eye(3)

    def force(strain, x):
        gradient = np.eye(3) + strain
        return [
            slope(lambda h, axis=axis: energy(strained(moved(atoms, shifts(x + h * axis)), gradient)))
            for axis in axes
        ]

    hessian = np.array([slope(lambda h, axis=axis: force(np.zeros((3, 3)), h * axis)) for axis in axes])
    mixed = slope(lambda h: force(h * unit_strain(row), np.zeros(3)))
    response = -np.linalg.solve(hessian, mixed)
    along = slope(lambda h: stress(moved(atoms, shifts(h * response)), energy, column), STEP)
    return clamped(atoms, energy, row, column) + along


SAMPLES = tuple(
    sample
    for row in range(6)
    for column in range(row, 6)
    for sample in (
        Sample(
            f"C{row + 1}{column + 1}", partial(clamped, row=row, column=column), {"ions": "clamped"}, rel=1e-6
        ),
        Sample(
            f"C{row + 1}{column + 1}", partial(relaxed, row=row, column=column), {"ions": "relaxed"}, rel=1e-6
        ),
    )
)
