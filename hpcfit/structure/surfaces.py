"""Slabs: two surfaces of a crystal, cut by ASE's builder, with the indices of the conventional cell.

A slab of n layers has n times the atoms of the structure's own cell: one layer is what one plane of lattice points
carries, and may hold several planes of atoms. A termination is the number of the plane of atoms that is the lowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import Any

import numpy as np

from hpcfit.records import Atoms, FloatArray, Modification

#: Vectors of the cell in units of the conventional ones are multiples of 1/6 at most.
_LARGEST_DENOMINATOR = 12

#: Atoms whose heights differ by less than this, Angstrom, lie in one plane.
_ONE_PLANE = 1e-3

#: Marker atoms that show how the builder turns a crystal: their displacements, Angstrom, and places where they are, in
#: units of the cell's vectors; at one of them the builder does not wrap one of them to the other side.
_MARK = 1e-5
_PLACES = np.array([[0.437, 0.291, 0.353], [0.219, 0.613, 0.127], [0.531, 0.173, 0.719]])


@dataclass(frozen=True)
class Cut:
    """The request for a slab.

    Parameters
    ----------
    indices
        h, k, l of the structure's own cell, without a common divisor.
    layers
        Number of layers.
    vacuum
        Angstrom, on each side; 0 for a crystal that goes on.
    termination
        Lowest plane of atoms and the highest one, counted from below as the slab without a termination has them; the
        highest is the one below the lowest if it is not given.
    """

    indices: tuple[int, int, int]
    layers: int
    vacuum: float
    termination: tuple[int, ...]


def cut_surface(atoms: Atoms, change: Modification) -> Atoms:
    """Return the slab that a modification asks for; x and y lie in the surface, z points along h k l.

    Raises
    ------
    ValueError
        When the request is invalid, or the structure is no crystal.
    """
    cut = _read(change)
    if not atoms.pbc.all() or np.linalg.det(atoms.cell) == 0.0:
        raise ValueError("surface of a structure that is not periodic in all directions")
    spare = 2 if cut.termination else 0
    whole = replace(atoms, position=_unsplit(atoms, cut.indices))
    slab = _turned(_built(whole, cut.indices, cut.layers + spare), atoms, cut)
    if cut.termination:
        slab = _terminated(slab, len(atoms), cut)
    if cut.vacuum > 0.0:
        slab.center(vacuum=cut.vacuum, axis=2)
    return Atoms(
        np.asarray(slab.numbers - 1, dtype=np.int32),
        np.array(slab.cell, dtype=np.float64),
        np.ones(3, dtype=bool),
        np.array(slab.positions),
    )


def _read(change: Modification) -> Cut:
    numbers, found = change.numbers, " ".join(f"{n:g}" for n in change.numbers)
    valid = len(numbers) == 5 and np.isfinite(numbers).all() and all(n == round(n) for n in numbers[:4])
    if not valid or not any(numbers[:3]) or numbers[3] < 1 or numbers[4] < 0:
        raise ValueError(f"surface, found {found}, allowed h k l, not all 0, a number of layers, and vacuum")
    h, k, m, layers = (round(n) for n in numbers[:4])
    return Cut(own_indices((h, k, m), change.vectors), layers, float(numbers[4]), change.termination)


def own_indices(indices: tuple[int, int, int], vectors: Sequence[Sequence[float]]) -> tuple[int, int, int]:
    """Return the indices in a structure's own cell, without a common divisor, of those in the conventional cell.

    Parameters
    ----------
    indices
        h, k, l.
    vectors
        The own cell's vectors in units of the conventional ones; empty if they are the same.
    """
    rows = [
        [Fraction(n).limit_denominator(_LARGEST_DENOMINATOR) for n in row]
        for row in (vectors if len(vectors) else np.eye(3).tolist())
    ]
    own = [sum((a * b for a, b in zip(row, indices, strict=True)), Fraction()) for row in rows]
    scale = lcm(*(n.denominator for n in own))
    whole = [int(n * scale) for n in own]
    divisor = gcd(*whole)
    x, y, z = (n // divisor for n in whole)
    return x, y, z


def _unsplit(atoms: Atoms, indices: tuple[int, int, int]) -> FloatArray:
    """Return positions of which no plane of atoms is split: atoms a little below where layers begin move all up."""
    normal = np.linalg.solve(atoms.cell, np.array(indices, dtype=np.float64))
    height = _height(atoms, indices)
    below = 1.0 - (atoms.position @ normal) % 1.0
    split = below[(below > 1e-10) & (below * height < _ONE_PLANE)]
    return np.asarray(atoms.position + split.max(initial=0.0) * height**2 * normal)


def _built(atoms: Atoms, indices: tuple[int, int, int], layers: int) -> Any:
    """Return ASE's slab, whose heights go through one layer after the other."""
    # ASE takes long to import.
    from ase import Atoms as AseAtoms
    from ase.build import surface

    # ASE uses tags for layers, so species are passed as elements: the first one as hydrogen.
    bulk = AseAtoms(atoms.species + 1, positions=atoms.position, cell=atoms.cell, pbc=True)
    # A periodic one would wrap atoms at height 0, less a rounding error, to the top.
    slab = surface(bulk, indices, layers, vacuum=None, periodic=False)
    slab.set_cell(np.vstack([slab.cell[:2], [0.0, 0.0, layers * _height(atoms, indices)]]))
    slab.pbc = True
    return slab


def _height(atoms: Atoms, indices: tuple[int, int, int]) -> float:
    """Return the thickness of one layer."""
    return 1.0 / float(np.linalg.norm(np.linalg.solve(atoms.cell, np.array(indices, dtype=np.float64))))


def _builders_frame(atoms: Atoms, indices: tuple[int, int, int]) -> tuple[FloatArray, FloatArray]:
    """Return how the builder turns a crystal, whose rows are the images of x, y and z, and the step between layers."""
    for place in _PLACES:
        marks = place @ atoms.cell + np.vstack([np.zeros(3), _MARK * np.eye(3)])
        marked = _built(Atoms(np.zeros(4, np.int32), atoms.cell, atoms.pbc, marks), indices, 2)
        cell, position = np.array(marked.cell), marked.positions
        apart = (position[1:4] - position[0]) @ np.linalg.inv(cell)
        turn = (apart - np.round(apart)) @ cell / _MARK
        if np.allclose(turn @ turn.T, np.eye(3), atol=1e-6):
            return turn, position[4] - position[0]
    raise AssertionError("the builder splits every mark")


def _turned(slab: Any, atoms: Atoms, cut: Cut) -> Any:
    """Return the slab with its upper side along h k l, and not as a mirror image: ASE decides neither."""
    turn, step = _builders_frame(atoms, cut.indices)
    if cut.vacuum == 0.0:
        # ASE's vector is at right angles to the surface even where the crystal goes on with a step aside.
        slab.cell[2] = len(slab) // len(atoms) * step
    normal = np.linalg.solve(atoms.cell, np.array(cut.indices, dtype=np.float64))
    up = 1.0 if (normal @ turn)[2] > 0.0 else -1.0
    side = up if np.linalg.det(turn) > 0.0 else -up
    if up > 0.0 and side > 0.0:
        return slab
    flip = np.array([1.0, side, up])
    cell = np.array(slab.cell) * flip
    cell[1:] *= np.array([[side], [up]])
    position = slab.positions * flip
    if up < 0.0:
        position[:, 2] -= position[:, 2].min()
    slab.set_cell(cell)
    slab.positions = position
    return slab


def _terminated(slab: Any, n_atoms: int, cut: Cut) -> Any:
    """Return a slab without the planes below the lowest and above the highest that a termination names."""
    order = np.argsort(slab.positions[:, 2], kind="stable")
    heights = slab.positions[order, 2]
    plane = np.zeros(len(slab), dtype=np.int64)
    plane[order] = np.concatenate([[0], np.cumsum(np.diff(heights) > _ONE_PLANE)])
    n_planes = int(plane[order[n_atoms - 1]]) + 1
    if wrong := [n for n in cut.termination if not 0 <= n < n_planes]:
        raise ValueError(f"termination of the surface, found {wrong[0]}, allowed 0 .. {n_planes - 1}")
    lowest, *top = cut.termination
    highest = top[0] if top else (lowest - 1) % n_planes
    n_more = (highest - lowest + 1) % n_planes
    if n_more and cut.vacuum == 0.0:
        raise ValueError("termination with a part of a layer, found vacuum 0, allowed a positive one")
    last = lowest + cut.layers * n_planes + n_more
    thickness = slab.cell[2] * (cut.layers / (cut.layers + 2))
    kept = slab[(plane >= lowest) & (plane < last)]
    kept.cell[2] = thickness
    return kept
