"""Volume of the cell, total and per atom."""

from __future__ import annotations

from hpcfit.structure.observables._observable import Observable, ObservableForm


def _volume(per: float) -> Observable:
    return Observable(lambda at: at.geometric(at.volume[:, None] / per))


RECORDS = (
    ObservableForm(
        name="total-volume",
        rank=10,
        unit="A^3",
        description="volume of the cell",
        always=True,
        needs_volume=True,
        observe=lambda _structure, _arguments, _masses: _volume(1.0),
    ),
    ObservableForm(
        name="atomic-volume",
        rank=11,
        unit="A^3/atom",
        description="volume over the number of atoms",
        always=True,
        needs_volume=True,
        observe=lambda structure, _arguments, _masses: _volume(float(len(structure.atoms))),
    ),
)
