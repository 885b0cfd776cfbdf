import numpy as np

from tests.observables._sample import Sample, volume_of


def area(atoms, normal):
    """Volume over height, the height being 1 / |reciprocal vector|."""
    return volume_of(atoms) * np.linalg.norm(np.linalg.inv(atoms.cell)[:, normal])


SAMPLES = (
    Sample("surface-area", lambda atoms, _: area(atoms, 2)),
    Sample("surface-area", lambda atoms, _: area(atoms, 0), {"face": "bc"}),
    Sample("surface-area", lambda atoms, _: area(atoms, 1), {"face": "ca"}),
)
