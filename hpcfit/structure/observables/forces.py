"""Forces on all atoms."""

from __future__ import annotations

from hpcfit.structure.observables._observable import Observable, ObservableForm


def _forces(n_atoms: int) -> Observable:
    return Observable(lambda at: at.base.forces.reshape(*at.base.energies.shape, -1), n=3 * n_atoms)


RECORDS = (
    ObservableForm(
        name="atomic-forces",
        rank=80,
        unit="eV/A",
        vector=True,
        description="forces on all atoms, row by row",
        observe=lambda structure, _arguments, _masses: _forces(len(structure.atoms)),
    ),
)
