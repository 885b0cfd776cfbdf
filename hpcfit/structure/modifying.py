"""Modifications of structures: supercells, point defects, deformations, surfaces."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from hpcfit.records import Atoms, FloatArray, Modification
from hpcfit.structure.surfaces import cut_surface


def modify(atoms: Atoms, change: Modification) -> Atoms:
    """Return the modified atoms.

    Parameters
    ----------
    atoms
        The structure.
    change
        See `Modification`. A deformation transforms positions and non-zero cell vectors; a surface is cut from the
        structure as a bulk, `layers` thick, with `vacuum` (Angstrom) on each side, see `hpcfit.structure.surfaces`.

    Raises
    ------
    ValueError
        When the change is unknown or does not fit the structure.
    """
    if change.kind not in _CHANGES:
        raise ValueError(f"unknown change, found {change.kind}, allowed {', '.join(_CHANGES)}")
    with np.errstate(all="ignore"):  # `checking` reports lengths that are too large
        return _CHANGES[change.kind](atoms, change)


def _repeat(atoms: Atoms, change: Modification) -> Atoms:
    times = _whole_numbers(change, 3)
    for n, periodic in zip(times, atoms.pbc, strict=True):
        if n < 1 or (n > 1 and not periodic):
            found = " ".join(str(n) for n in times)
            raise ValueError(f"repeat, found {found}, allowed positive numbers, 1 where not periodic")
    origins = np.array(list(itertools.product(*(range(n) for n in times))), dtype=np.float64) @ atoms.cell
    position = (origins[:, None] + atoms.position).reshape(-1, 3)
    cell = np.array(times, dtype=np.float64)[:, None] * atoms.cell
    return Atoms(np.tile(atoms.species, len(origins)), cell, atoms.pbc, position)


def _vacancy(atoms: Atoms, change: Modification) -> Atoms:
    site = _site(atoms, change)
    if len(atoms) == 1:
        raise ValueError("vacancy in a structure of one atom")
    kept = np.arange(len(atoms)) != site
    return Atoms(atoms.species[kept], atoms.cell, atoms.pbc, atoms.position[kept])


def _substitution(atoms: Atoms, change: Modification) -> Atoms:
    species = atoms.species.copy()
    species[_site(atoms, change)] = change.species
    return Atoms(species, atoms.cell, atoms.pbc, atoms.position)


def _interstitial(atoms: Atoms, change: Modification) -> Atoms:
    if np.linalg.det(atoms.cell) == 0.0:
        raise ValueError("interstitial at fractional coordinates in a structure whose cell has no volume")
    place = _numbers(change, 3) @ atoms.cell
    position = np.concatenate([atoms.position, place[None]])
    return Atoms(np.append(atoms.species, np.int32(change.species)), atoms.cell, atoms.pbc, position)


def _deformation(atoms: Atoms, change: Modification) -> Atoms:
    gradient = _numbers(change, 9).reshape(3, 3)
    if np.linalg.det(gradient) <= 0.0:
        raise ValueError(
            f"determinant of the deformation, found {np.linalg.det(gradient):g}, allowed a positive one"
        )
    return Atoms(atoms.species, atoms.cell @ gradient.T, atoms.pbc, atoms.position @ gradient.T)


def _site(atoms: Atoms, change: Modification) -> int:
    if not 0 <= change.site < len(atoms):
        raise ValueError(f"site of {change.kind}, found {change.site}, allowed 0 .. {len(atoms) - 1}")
    return change.site


def _numbers(change: Modification, n: int) -> FloatArray:
    if len(change.numbers) != n or not np.isfinite(change.numbers).all():
        raise ValueError(f"{change.kind}, found {len(change.numbers)} numbers, allowed {n} finite ones")
    return np.array(change.numbers, dtype=np.float64)


def _whole_numbers(change: Modification, n: int) -> list[int]:
    numbers = _numbers(change, n)
    if (numbers != np.round(numbers)).any():
        raise ValueError(f"{change.kind}, allowed whole numbers")
    return [int(number) for number in numbers]


_CHANGES: dict[str, Callable[[Atoms, Modification], Atoms]] = {
    "repeat": _repeat,
    "vacancy": _vacancy,
    "substitution": _substitution,
    "interstitial": _interstitial,
    "deformation": _deformation,
    "surface": cut_surface,
}
