from dataclasses import replace

import numpy as np

from tests.observables._sample import Sample, moved, slope

#: sqrt(eV/Angstrom^2/amu) / (2 pi) in THz, CODATA 2018; the masses are 28 amu.
THZ = 15.633302
MASS = 28.0


def at_the_zone_boundary(atoms, energy):
    """Second derivatives of the energy of two cells that move against each other."""
    twice = replace(
        atoms,
        species=np.tile(atoms.species, 2),
        cell=atoms.cell * np.array([[2], [1], [1]]),
        position=np.concatenate([atoms.position, atoms.position + atoms.cell[0]]),
    )

    def shift(u):
        return np.concatenate([u, -u]).reshape(4, 3)

    def slopes(u):
        return [slope(lambda h, axis=axis: energy(moved(twice, shift(u + h * axis)))) for axis in np.eye(6)]

    hessian = np.array([slope(lambda h, axis=axis: slopes(h * axis)) for axis in np.eye(6)]) / 2
    levels = np.linalg.eigvalsh((hessian + hessian.T) / 2) / MASS
    return np.sign(levels) * np.sqrt(np.abs(levels)) * THZ


SAMPLES = (
    Sample(
        "phonon-frequencies", at_the_zone_boundary, {"q": "1/2 0 0"}, n=lambda n_atoms: 3 * n_atoms, rel=1e-6
    ),
)
