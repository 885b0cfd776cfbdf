"""What the generic tests of properties need: a sample with an oracle that knows the geometry and energies alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hpcfit.records import Atoms, FloatArray

Energy = Callable[[Atoms], float]
Oracle = Callable[[Atoms, Energy], object]

#: Step of the oracles: truncation is of the sixth order, and energies of 10 eV are good to 1e-14 eV.
STEP = 4e-3


@dataclass(frozen=True)
class Sample:
    """A property to test.

    Parameters
    ----------
    name
        Of the property.
    expected
        Its components in the code's units.
    arguments
        Attributes of its element.
    n
        From the number of atoms, that of components.
    rel
        Relative error of the oracle: differences of energies lose a factor of 1 / `STEP` per derivative.
    """

    name: str
    expected: Oracle
    arguments: Mapping[str, str] = field(default_factory=dict)
    n: Callable[[int], int] = lambda _n_atoms: 1
    rel: float = 1e-12


def strained(atoms: Atoms, gradient: FloatArray) -> Atoms:
    return replace(atoms, cell=atoms.cell @ gradient, position=atoms.position @ gradient)


def moved(atoms: Atoms, shift: FloatArray) -> Atoms:
    return replace(atoms, position=atoms.position + shift)


def volume_of(atoms: Atoms) -> float:
    return abs(float(np.dot(atoms.cell[0], np.cross(atoms.cell[1], atoms.cell[2]))))


def slope(f: Callable[[float], object], step: float = STEP) -> FloatArray:
    """Return f'(0) by central differences of the sixth order."""
    near, middle, far = (np.asarray(f(k * step)) - np.asarray(f(-k * step)) for k in (1, 2, 3))
    return np.asarray((45 * near - 9 * middle + far) / (60 * step))


def unit_strain(component: int) -> FloatArray:
    """Return the strain [3, 3] of one Voigt component (xx yy zz yz xz xy), shears as engineering shears."""
    row, column = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))[component]
    strain = np.zeros((3, 3))
    strain[row, column] += 0.5
    strain[column, row] += 0.5
    return strain


def stress(atoms: Atoms, energy: Energy, component: int) -> float:
    """Return dE/dstrain over the volume, tension positive."""
    along = slope(lambda h: energy(strained(atoms, np.eye(3) + h * unit_strain(component))))
    return float(along) / volume_of(atoms)
