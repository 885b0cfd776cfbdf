"""Placement of stencils so that no shell of neighbours crosses a cut-off.

A difference across a cut-off counts a shell in some images and not in others, and is wrong by the jump over the step.
Where a shell is so near that it would cross, steps become smaller; where it is nearer still, differences are taken in
four structures that are scaled slightly, on the shell's side of the cut-off, and extrapolated to the structure itself.
The result is the derivative with the neighbours of the structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpcfit.records import Atoms, FloatArray, Shell
from hpcfit.structure.perturbations import Perturbation

#: Shells within this strain of a cut-off are at it, and do not count: roundings would decide.
TIE = 1e-10

#: Steps are at least this fraction of the standard ones before the stencil leaves the structure.
_SMALLEST = 1 / 8

#: Steps below this fraction of the standard ones lose all digits.
_LEAST = 1e-6

#: Shells matter up to this many excursions from a cut-off.
WINDOW = 1.5

#: Strain between shells on both sides of cut-offs below which differences lose more than half of their digits.
CROWDED = 1e-6

#: Bound of higher orders of strains and displacements.
_MARGIN = 1.02


class FindShells(Protocol):
    """Finds shells of neighbours near the cut-offs of the potentials."""

    @property
    def shortest(self) -> float:
        """The shortest cut-off, Angstrom; infinite without cut-offs."""

    def __call__(self, atoms: Atoms, window: float) -> Sequence[Shell]:
        """Return the shells that a strain up to `window` brings to a cut-off."""


@dataclass(frozen=True)
class Placement:
    """Where differences are taken.

    Parameters
    ----------
    fraction
        Steps over the standard ones.
    centres
        Strains of all lengths at which they are taken.
    weights
        Of the results at `centres`.
    """

    fraction: float = 1.0
    centres: tuple[float, ...] = (0.0,)
    weights: tuple[float, ...] = (1.0,)


STANDARD = Placement()


def excursion_of(perturbations: Sequence[Perturbation]) -> tuple[float, float]:
    """Return the largest strain and displacement of some images."""
    found = [(0.0, 0.0), *(one.excursion for one in perturbations)]
    return max(strain for strain, _ in found), max(length for _, length in found)


def motion_between(
    start: tuple[FloatArray, FloatArray], end: tuple[FloatArray, FloatArray]
) -> tuple[float, float]:
    """Return the strain and the largest displacement between two pairs of cell [3, 3] and positions [n, 3]."""
    cell = np.where(start[0].any(axis=1, keepdims=True), start[0], 0.0)
    deformation = np.eye(3) + np.linalg.pinv(cell) @ (end[0] - start[0])
    moved = end[1] - start[1] @ deformation
    moved = moved - moved[:1]
    return float(np.linalg.norm(deformation - np.eye(3))), float(np.sqrt((moved**2).sum(-1)).max(initial=0.0))


def total_strain(excursions: Sequence[tuple[float, float]], shortest: float) -> float:
    """Return the largest relative change of a distance of at least `shortest`: both atoms of a pair may move."""
    strain = sum(one for one, _ in excursions)
    return _MARGIN * (strain + 2.0 * sum(length for _, length in excursions) / shortest)


def is_crowded(shells: Sequence[Shell]) -> bool:
    """Whether shells on both sides of cut-offs leave too little room for differences."""
    inside = min((shell.gap for shell in shells if shell.gap > TIE), default=np.inf)
    outside = min((max(0.0, -shell.gap) for shell in shells if shell.gap <= TIE), default=np.inf)
    return bool(inside + outside < CROWDED)


def placed(shells: Sequence[Shell], excursion: float) -> Placement:
    """Return where to take differences whose images change distances by up to a strain `excursion`."""
    room = WINDOW * excursion
    inside = min([room, *(shell.gap for shell in shells if shell.gap > TIE)])
    outside = min([room, *(max(0.0, -shell.gap) for shell in shells if shell.gap <= TIE)])
    nearest = min(inside, outside)
    if nearest >= excursion:
        return STANDARD
    if nearest >= _SMALLEST * excursion:
        return Placement(nearest / excursion)
    # Shells inside limit how far the structure may grow, those outside how far it may shrink.
    width = inside + outside
    fraction = max(0.2 * width / excursion, _LEAST)
    edge = min(0.2 * width, fraction * excursion)
    centres = np.linspace(-outside + edge, inside - edge, 4)
    weights = [float(np.prod([b / (b - a) for b in np.delete(centres, k)])) for k, a in enumerate(centres)]
    return Placement(fraction, tuple(centres.tolist()), tuple(weights))
