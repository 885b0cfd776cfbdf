import numpy as np

from tests.observables._sample import Sample, slope, strained
from tests.observables.pressure import pressure


def scaled(atoms, t):
    return strained(atoms, np.exp(t) * np.eye(3))


def bulk_modulus(atoms, energy):
    """-V dp/dV, V proportional to exp(3 t)."""
    return -slope(lambda t: pressure(scaled(atoms, t), energy)) / 3


def derivative(atoms, energy):
    along = slope(lambda t: bulk_modulus(scaled(atoms, t), energy))
    return along / slope(lambda t: pressure(scaled(atoms, t), energy))


SAMPLES = (
    Sample("bulk-modulus", bulk_modulus, rel=1e-7),
    Sample("bulk-modulus-derivative", derivative, rel=1e-5),
)
