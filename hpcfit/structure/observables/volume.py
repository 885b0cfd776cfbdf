"""Volume of the cell, total and per atom."""

from __future__ import annotations

from hpcfit.records import SIZE
from hpcfit.structure.observables._observable import Observable, ObservableForm


def _volume(per: float) -> Observable:
    return Observable(lambda at: at.geometric(at.volume[:, None] / per))


RECORDS = (
    ObservableForm(
        "total-volume",
        10,
        "A^3",
        "volume of the cell",
        lambda *_: _volume(1.0),
        follows=(*SIZE, "ca-ratio"),
        always=True,
        needs_volume=True,
    ),
    ObservableForm(
        "atomic-volume",
        11,
        "A^3/atom",
        "volume over the number of atoms",
        lambda structure, *_: _volume(float(len(structure.atoms))),
        follows=(*SIZE, "ca-ratio"),
        always=True,
        needs_volume=True,
    ),
)
