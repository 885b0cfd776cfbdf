"""Energy-volume curve: energies per atom of scaled cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcfit.records import FloatArray, Structure
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.structure.perturbations import Point, Sized, Strained


def _images(n_atoms: int, key: str, text: str) -> tuple[Sized | Strained, ...]:
    try:
        numbers: FloatArray = np.array([float(word) for word in text.split()])
    except ValueError:
        numbers = np.zeros(1)
    if len(numbers) == 0 or not ((numbers > 0) & np.isfinite(numbers)).all():
        raise ValueError(f"{key} of energy-volume, found '{text}', allowed positive numbers")
    if key == "volumes":
        return tuple(Sized(float(v) * n_atoms) for v in numbers)
    sides = [tuple(float(x) for x in (np.eye(3) * np.cbrt(v)).ravel()) for v in numbers]
    return tuple(Strained(side) for side in sides)


def _curve(structure: Structure, arguments: Mapping[str, str], _masses: Sequence[float]) -> Observable:
    if len(arguments) != 1:
        raise ValueError("energy-volume, allowed either volumes or scales")
    n_atoms = len(structure.atoms)
    images = _images(n_atoms, *next(iter(arguments.items())))

    def moments(at: Point) -> FloatArray:
        return np.stack([at.evaluation(one).energies for one in images], axis=-1) / n_atoms

    return Observable(moments, images, n=len(images))


RECORDS = (
    ObservableForm(
        "energy-volume",
        82,
        "eV/atom",
        "energies per atom at given volumes, all lengths scaled alike",
        _curve,
        vector=True,
        arguments={
            "volumes": "volumes per atom, A^3",
            "scales": "volumes over that of the structure, in place of volumes",
        },
        needs_volume=True,
        n_images=lambda _: 10,
    ),
)
