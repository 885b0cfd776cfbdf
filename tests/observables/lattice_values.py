import numpy as np

from tests.observables._sample import Sample

SAMPLES = (
    Sample("lattice-parameter", lambda atoms, _: np.linalg.norm(atoms.cell[0])),
    Sample("ca-ratio", lambda atoms, _: np.linalg.norm(atoms.cell[2]) / np.linalg.norm(atoms.cell[0])),
    Sample("atom-distance", lambda atoms, _: np.linalg.norm(atoms.position[1] - atoms.position[0])),
)
