"""Shells of neighbours near the cut-offs of the job's potentials, and what jumps there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import vesin

from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.potential.cutoffs import Jump
from hpcfit.potential.neighbours import complete
from hpcfit.records import Atoms, Cutoff, FloatArray, IntArray, Shell
from hpcfit.structure.evaluation_requests import Images
from hpcfit.structure.relax.placement import TIE
from hpcfit.units import GPA

#: Jumps below this are printed as 0.
_ROUNDING = 1e-12

#: Distances that differ by less than this fraction are one shell.
_SAME = 1e-7

#: Strains on both sides of a cut-off at which a structure's jump is measured, and the step of its second derivative.
_SIDE, _STEP = 1e-9, 2e-5


class ShellFinder:
    """Finds shells of neighbours near some cut-offs.

    Parameters
    ----------
    cutoffs
        The cut-offs.
    """

    def __init__(self, cutoffs: Sequence[Cutoff]) -> None:
        self.cutoffs = tuple(cutoffs)
        distances = [cutoff.distance for cutoff in cutoffs]
        #: Angstrom, infinite without cut-offs
        self.shortest = min(distances, default=np.inf)
        self._longest = max(distances, default=0.0)

    def __call__(self, atoms: Atoms, window: float) -> list[Shell]:
        """Return the shells that a strain up to `window` brings to a cut-off."""
        shells: list[Shell] = []
        if not self.cutoffs:
            return shells
        r, kinds = self._distances(atoms, window)
        for cutoff in self.cutoffs:
            close = np.abs(cutoff.distance / r - 1.0) < window
            if not close.any():
                continue
            own = np.sort(r[close & (kinds == cutoff.species).all(axis=1)])
            parts = np.split(own, np.flatnonzero(np.diff(own) > _SAME * own[1:]) + 1)
            shells += [Shell(cutoff, float(part.mean()), len(part)) for part in parts if len(part)]
        return shells

    def inside(self, atoms: Atoms) -> IntArray:
        """Return how many pairs of the cell are closer than each cut-off, without those at it."""
        r, kinds = self._distances(atoms, 0.0)
        return np.array(
            [
                int(((kinds == cutoff.species).all(axis=1) & (r < cutoff.distance * (1.0 - TIE))).sum())
                for cutoff in self.cutoffs
            ],
            dtype=np.int64,
        )

    def _distances(self, atoms: Atoms, window: float) -> tuple[FloatArray, IntArray]:
        """Return distances [n] and species [n, 2], ascending, of the pairs of a cell."""
        finder = vesin.NeighborList(cutoff=self._longest * (1.0 + 2.0 * window), full_list=False)
        i, j, r = finder.compute(atoms.position, complete(atoms.cell), np.asarray(atoms.pbc), "ijd")
        return r, np.sort(atoms.species[np.stack([i, j], axis=1)], axis=1)


def structure_jump(evaluate: ImagesEvaluator, atoms: Atoms, shell: Shell) -> str:
    """Return by how much a structure's energy, pressure and bulk modulus change as a shell crosses a cut-off.

    The structure is evaluated with all lengths scaled, so that the shell is on either side of the cut-off.
    """
    at = 1.0 + shell.gap
    strains = [-_SIDE, -_SIDE - _STEP, -_SIDE - 2 * _STEP, _SIDE, _SIDE + _STEP, _SIDE + 2 * _STEP]
    scales = at * (1.0 + np.array(strains))[:, None, None]
    images = Images(
        ("jump", shell), atoms.species, np.asarray(atoms.pbc), scales * atoms.cell, scales * atoms.position
    )
    found = evaluate([images], derivatives=False)[0]
    energy, virial = found.energies[0], found.virials[0, :, :3].sum(-1)
    # The energy falls by the virial times the strain between the two sides.
    value = (energy[0] - energy[3] - _SIDE * (virial[0] + virial[3])) / len(atoms)
    said = [f"the energy by {abs(value):.2g} eV/atom"]
    volume = abs(float(np.linalg.det(atoms.cell))) * at**3
    if volume > 0:
        pressure = virial / (3.0 * volume * (1.0 + np.array(strains)) ** 3)
        below = (3.0 * pressure[0] - 4.0 * pressure[1] + pressure[2]) / (2.0 * _STEP)
        above = -(3.0 * pressure[3] - 4.0 * pressure[4] + pressure[5]) / (2.0 * _STEP)
        said.append(f"the pressure by {abs(pressure[0] - pressure[3]) / GPA:.2g} GPa")
        said.append(f"the bulk modulus by {abs(below - above) / 3.0 / GPA:.2g} GPa")
    return ", ".join(said)


def jump_lines(jumps: Sequence[Jump], species: Sequence[str]) -> Iterator[str]:
    """Yield a line for each potential, pair of species and function: the jump of value and slope at its cut-off."""
    for jump in jumps:
        unit = jump.unit or "1"
        yield (
            f"{place_of_cutoff(jump.cutoff, species)}: jump {_size(jump.value)} {unit}, "
            f"slope {_size(jump.slope)} {unit}/A"
        )


def _size(value: float) -> str:
    """Return a size, 0 for one of rounding."""
    return f"{0.0 if abs(value) < _ROUNDING else abs(value):.2g}"


def jump_notes(jumps: Sequence[Jump], species: Sequence[str]) -> list[str]:
    """Return for each potential whose energy jumps at a cut-off, or its slope, the largest such jump."""
    worst: dict[str, Jump] = {}
    for jump in jumps:
        known = worst.get(jump.cutoff.potential)
        if jump.is_abrupt and (known is None or abs(jump.value) > abs(known.value)):
            worst[jump.cutoff.potential] = jump
    return [
        f"note: {place_of_cutoff(jump.cutoff, species)}: jump {abs(jump.value):.2g} eV, "
        f"slope {abs(jump.slope):.2g} eV/A"
        for jump in worst.values()
    ]


def place_of_cutoff(cutoff: Cutoff, species: Sequence[str]) -> str:
    """Return potential, function, species and distance of a cut-off."""
    function = f".{cutoff.function}" if cutoff.function else ""
    pair = "-".join(species[k] for k in cutoff.species)
    return f"{cutoff.potential}{function} {pair} at {cutoff.distance:g} A"
