"""Potential energy, total and per atom."""

from __future__ import annotations

from hpcfit.structure.observables._observable import Observable, ObservableForm


def energy(per: float) -> Observable:
    """Return the energy divided by a number of atoms."""
    return Observable(lambda at: at.base.energies[..., None] / per)


RECORDS = (
    ObservableForm("total-energy", 0, "eV", "potential energy", lambda *_: energy(1.0), always=True),
    ObservableForm(
        "atomic-energy",
        1,
        "eV/atom",
        "potential energy over the number of atoms",
        lambda structure, *_: energy(float(len(structure.atoms))),
        always=True,
    ),
)
