"""Forces on all atoms."""

from __future__ import annotations

from hpcfit.structure.observables._observable import Observable, ObservableForm


def _forces(n_atoms: int) -> Observable:
    return Observable(lambda at: at.base.forces.reshape(*at.base.energies.shape, -1), n=3 * n_atoms)


RECORDS = (
    ObservableForm(
        "atomic-forces",
        80,
        "eV/A",
        "forces on all atoms, row by row",
        lambda structure, *_: _forces(len(structure.atoms)),
        vector=True,
        vanishes=("atom-coordinates",),
    ),
)
