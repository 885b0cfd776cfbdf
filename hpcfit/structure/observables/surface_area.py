"""Area of a face of the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcfit.records import SIZE, FloatArray, Structure
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.structure.perturbations import Point

_FACES = {"ab": (0, 1), "bc": (1, 2), "ca": (2, 0)}


def _area(structure: Structure, arguments: Mapping[str, str], _masses: Sequence[float]) -> Observable:
    face = arguments.get("face", "ab")
    if face not in _FACES:
        raise ValueError(f"face of surface-area, found '{face}', allowed {', '.join(_FACES)}")
    first, second = _FACES[face]
    if not np.cross(structure.atoms.cell[first], structure.atoms.cell[second]).any():
        raise ValueError(f"surface-area of a structure whose cell has no face {face}")

    def moments(at: Point) -> FloatArray:
        normal = np.cross(at.cell[:, first], at.cell[:, second])
        return at.geometric(np.sqrt((normal**2).sum(-1, keepdims=True)))

    return Observable(moments)


RECORDS = (
    ObservableForm(
        "surface-area",
        12,
        "A^2",
        "area of the face of the cell that two of its vectors a, b, c span",
        _area,
        follows=(*SIZE, "ca-ratio"),
        arguments={"face": "the two vectors: ab (the default), bc or ca"},
    ),
)
