"""Potential energy, total and per atom."""

from __future__ import annotations

from hpcfit.structure.observables._observable import Observable, ObservableForm


def energy(per: float) -> Observable:
    """Return the energy over a number of atoms."""
    return Observable(lambda at: at.base.energies[..., None] / per)


RECORDS = (
    ObservableForm(
        name="total-energy",
        rank=0,
        unit="eV",
        description="potential energy",
        always=True,
        observe=lambda _structure, _arguments, _masses: energy(1.0),
    ),
    ObservableForm(
        name="atomic-energy",
        rank=1,
        unit="eV/atom",
        description="potential energy over the number of atoms",
        always=True,
        observe=lambda structure, _arguments, _masses: energy(float(len(structure.atoms))),
    ),
)
