from functools import partial

import numpy as np

from tests.observables._sample import Sample, slope, strained, stress, volume_of


def pressure(atoms, energy):
    """-dE/dV, all lengths times exp(t)."""
    return -slope(lambda t: energy(strained(atoms, np.exp(t) * np.eye(3)))) / (3 * volume_of(atoms))


def component(atoms, energy, number):
    return -stress(atoms, energy, number)


SAMPLES = (
    Sample("pressure", pressure, rel=1e-8),
    *(
        Sample(name, partial(component, number=k), rel=1e-8)
        for k, name in enumerate(("pxx", "pyy", "pzz", "pyz", "pxz", "pxy"))
    ),
)
