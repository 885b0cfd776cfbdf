from dataclasses import replace

import numpy as np

from tests.observables._sample import Sample


def doubled(atoms, energy):
    """Energies are extensive: half of that of two cells."""
    twice = replace(
        atoms,
        species=np.tile(atoms.species, 2),
        cell=atoms.cell * np.array([[2], [1], [1]]),
        position=np.concatenate([atoms.position, atoms.position + atoms.cell[0]]),
    )
    return energy(twice) / 2


SAMPLES = (
    Sample("total-energy", doubled),
    Sample("atomic-energy", lambda atoms, energy: doubled(atoms, energy) / len(atoms)),
)
