"""Lattice parameter, ratio of lattice parameters and distance of two atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcfit.records import CELL, SIZE, FloatArray, Structure
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.structure.perturbations import Point


def _stretch(structure: Structure, name: str, along: int, over: int | None = None) -> Observable:
    """Return a start value times a diagonal component of the deformation, or the ratio of two.

    Parameters
    ----------
    structure
        The start structure.
    name
        Of the value.
    along, over
        Axes: the component `along`, divided by that `over`.
    """
    if name not in structure.values:
        raise ValueError(f"{name} of a structure that has none")
    # Rows of the cell may be zero.
    start, back = structure.values[name], np.linalg.pinv(structure.atoms.cell)

    def moments(at: Point) -> FloatArray:
        F = back @ at.cell
        ratio = F[:, along, along] / (1.0 if over is None else F[:, over, over])
        return at.geometric(start * ratio[:, None])

    return Observable(moments)


def _distance(structure: Structure, _arguments: Mapping[str, str], _masses: Sequence[float]) -> Observable:
    if "atom-distance" not in structure.values:
        raise ValueError("atom-distance of a structure that has none")
    if len(structure.atoms) < 2:
        raise ValueError("atom-distance of a structure of one atom")

    def moments(at: Point) -> FloatArray:
        apart = at.position[:, 1] - at.position[:, 0]
        return at.geometric(np.sqrt((apart**2).sum(-1, keepdims=True)))

    return Observable(moments)


RECORDS = (
    ObservableForm(
        "lattice-parameter",
        70,
        "A",
        "lattice parameter",
        lambda structure, *_: _stretch(structure, "lattice-parameter", 0),
        mirrors="lattice-parameter",
        follows=SIZE,
    ),
    ObservableForm(
        "ca-ratio",
        71,
        "1",
        "ratio of the lattice parameters along z and x",
        lambda structure, *_: _stretch(structure, "ca-ratio", 2, 0),
        mirrors="ca-ratio",
        follows=("ca-ratio", *CELL[1:]),
    ),
    ObservableForm(
        "atom-distance",
        72,
        "A",
        "distance between the first and the second atom",
        _distance,
        mirrors="atom-distance",
        follows=("atom-distance", "atom-coordinates"),
    ),
)
