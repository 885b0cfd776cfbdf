import numpy as np

from tests.observables._sample import Sample, strained, volume_of


def curve(atoms, energy, volumes):
    now = volume_of(atoms)
    return [energy(strained(atoms, np.cbrt(v / now) * np.eye(3))) / len(atoms) for v in volumes]


SAMPLES = (
    Sample(
        "energy-volume",
        lambda atoms, energy: curve(atoms, energy, volume_of(atoms) * np.array([0.9, 1.0, 1.1])),
        {"scales": "0.9 1 1.1"},
        n=lambda _: 3,
    ),
    Sample(
        "energy-volume",
        lambda atoms, energy: curve(atoms, energy, (2 * 14, 2 * 16)),
        {"volumes": "14 16"},
        n=lambda _: 2,
    ),
)
