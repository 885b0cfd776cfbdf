"""Builds atoms from the library of lattices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from hpcfit.catalogue import records
from hpcfit.errors import nearest
from hpcfit.records import CENTRINGS, Atoms, FloatArray, LatticeForm

LATTICES = records("hpcfit.structure.lattices", LatticeForm)


def build(name: str, species: Sequence[int], values: Mapping[str, float]) -> Atoms:
    """Return a structure of the library.

    Parameters
    ----------
    name
        Name or alias of the lattice.
    species
        One per element of `LatticeForm.types`.
    values
        Values of its lattice parameters (Angstrom; the ratio has no unit) and of the free coordinates of its sites;
        those with a default may be omitted.

    Raises
    ------
    ValueError
        When the lattice or a value is unknown, or a value is missing or not positive.
    """
    lattice = _lattice(name)
    given = {**lattice.degrees, **lattice.internal}
    if unknown := [key for key in values if key not in given]:
        raise ValueError(f"unknown value of {name}, found {unknown[0]}, allowed {', '.join(given)}")
    given.update(values)
    for key in lattice.degrees:
        if not 0 < given[key] < np.inf:
            raise ValueError(f"{key} of {name}, found {given[key]}, allowed a positive number")
    sites = lattice.sites(given)
    chosen = np.array([species[site[0]] for site in sites], dtype=np.int32)
    if lattice.system == "dimer":
        position = given["atom-distance"] * np.array([site[1:] for site in sites], dtype=np.float64)
        return Atoms(chosen, np.zeros((3, 3)), np.zeros(3, dtype=bool), position)
    with np.errstate(all="ignore"):
        return _placed(lattice, given, chosen, sites)


def _placed(
    lattice: LatticeForm,
    given: Mapping[str, float],
    chosen: NDArray[np.int32],
    sites: Sequence[Sequence[float]],
) -> Atoms:
    conventional = _conventional(lattice, given)
    centring = np.array(CENTRINGS[lattice.centring])
    fractional = np.array([site[1:] for site in sites]) @ np.linalg.inv(centring)
    # Rounding must not move sites on a face of the cell to the opposite face.
    fractional -= np.floor(fractional + 1e-9)
    cell = centring @ conventional
    position = fractional @ cell
    pbc = np.ones(3, dtype=bool)
    if lattice.system == "layer":
        cell[2], pbc[2] = 0.0, False
    return Atoms(chosen, cell, pbc, position)


def _lattice(name: str) -> LatticeForm:
    names = {key.lower(): lattice for lattice in LATTICES for key in (lattice.name, *lattice.aliases)}
    found = names.get(name.lower())
    if found is None:
        near = nearest(name, names)
        raise ValueError(f"unknown lattice, found {name}" + (f", nearest {near}" if near else ""))
    return found


def _conventional(lattice: LatticeForm, values: Mapping[str, float]) -> FloatArray:
    a = values["lattice-parameter"]
    c = a * values.get("ca-ratio", 1.0)
    if lattice.system in {"hexagonal", "layer"}:
        return np.array([[a, 0.0, 0.0], [-a / 2, sqrt(3) / 2 * a, 0.0], [0.0, 0.0, c]])
    return np.diag([a, a, c])
