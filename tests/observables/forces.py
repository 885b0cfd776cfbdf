import numpy as np

from tests.observables._sample import Sample, moved, slope


def forces(atoms, energy):
    return [
        -slope(
            lambda h, atom=atom, axis=axis: energy(moved(atoms, h * np.eye(6)[3 * atom + axis].reshape(2, 3)))
        )
        for atom in range(2)
        for axis in range(3)
    ]


SAMPLES = (Sample("atomic-forces", forces, n=lambda n_atoms: 3 * n_atoms, rel=1e-8),)
