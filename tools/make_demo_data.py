"""Makes jobs/demo/silicon.extxyz.gz: silicon as Tersoff's potential sees it, for a fit of another functional form.

Run it as ``python tools/make_demo_data.py [FILE]``; it needs ASE >= 3.25 and gives the same bytes whenever it is run.
Positions and cells are rounded first and evaluated then, so that nothing is lost on the way through the file.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.calculators.tersoff import Tersoff, TersoffParameters

TARGET = Path(__file__).resolve().parent.parent / "jobs" / "demo" / "silicon.extxyz.gz"

#: J. Tersoff, Phys. Rev. B 38, 9902 (1988), table I, "Si(C)"; energies in eV, lengths in Angstrom.
TERSOFF_1988 = TersoffParameters(
    m=3.0,
    gamma=1.0,
    lambda3=0.0,
    c=1.0039e5,
    d=16.217,
    h=-0.59825,
    n=0.78734,
    beta=1.1e-6,
    lambda2=1.7322,
    B=471.18,
    R=2.85,
    D=0.15,
    lambda1=2.4799,
    A=1830.8,
)

#: Lattice parameter of diamond at the minimum of this potential, Angstrom.
LATTICE_PARAMETER = 5.432

#: Digits behind the point of lengths and forces, of energies and of stresses (eV/Angstrom^3).
DIGITS, ENERGY_DIGITS, STRESS_DIGITS = 6, 6, 8

SEED = 20240229


def configurations() -> Iterator[tuple[str, Atoms]]:
    """Yield groups and structures; all cells are lower triangular."""
    cell = bulk("Si", "diamond", a=LATTICE_PARAMETER, cubic=True)
    for strain in _strains():
        yield "strained", _strained(cell, strain)
    random = np.random.default_rng(SEED)
    crystal = cell.repeat(2)
    for amplitude in np.linspace(0.02, 0.14, 24):
        yield "displaced", _displaced(_strained(crystal, _random_strain(random)), amplitude, random)
    for amplitude in np.linspace(0.02, 0.12, 16):
        atoms = _displaced(_strained(crystal, _random_strain(random)), amplitude, random)
        del atoms[int(random.integers(len(atoms)))]
        yield "vacancy", atoms


def _strains() -> Iterator[np.ndarray]:
    """Yield the unstrained cell, other volumes, elongations along one axis, and shears."""
    yield np.zeros((3, 3))
    for size in (-0.06, -0.045, -0.03, -0.015, 0.015, 0.03, 0.045, 0.06):
        yield size * np.eye(3)
    for size in (-0.06, -0.04, -0.02, 0.02, 0.04, 0.06):
        yield np.diag([size, 0.0, 0.0])
        shear = np.zeros((3, 3))
        shear[2, 1] = size
        yield shear


def _random_strain(random: np.random.Generator) -> np.ndarray:
    return np.tril(random.uniform(-0.02, 0.02, (3, 3)))


def _strained(atoms: Atoms, strain: np.ndarray) -> Atoms:
    strained = atoms.copy()
    strained.set_cell(np.round(atoms.cell @ (np.eye(3) + strain), DIGITS), scale_atoms=True)
    return strained


def _displaced(atoms: Atoms, amplitude: float, random: np.random.Generator) -> Atoms:
    displaced = atoms.copy()
    displaced.positions += amplitude * random.standard_normal(atoms.positions.shape)
    return displaced


def labelled(group: str, atoms: Atoms) -> Atoms:
    """Return a structure with its energy, forces and stress (tension positive)."""
    frame = atoms.copy()
    frame.positions = np.round(frame.positions, DIGITS)
    frame.calc = Tersoff({("Si", "Si", "Si"): TERSOFF_1988})
    results = {
        "energy": _rounded(frame.get_potential_energy(), ENERGY_DIGITS).item(),
        "forces": _rounded(frame.get_forces(), DIGITS),
        "stress": _rounded(frame.get_stress(), STRESS_DIGITS),
    }
    frame.info = {"config_type": group}
    frame.calc = SinglePointCalculator(frame, **results)
    return frame


def _rounded(values: float | np.ndarray, digits: int) -> np.ndarray:
    # Adding 0 turns -0 into 0: the sign of a force that vanishes is noise.
    return np.round(values, digits) + 0.0


def main(target: str = str(TARGET)) -> None:
    text = io.StringIO()
    frames = [labelled(group, atoms) for group, atoms in configurations()]
    ase.io.write(text, frames, format="extxyz")
    data = gzip.compress(text.getvalue().encode(), mtime=0)
    Path(target).write_bytes(data)
    print(f"{len(frames)} configurations, {sum(map(len, frames))} atoms, {len(data)} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
