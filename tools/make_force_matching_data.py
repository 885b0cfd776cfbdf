"""Make the structures of jobs/copper-forces: small cells of copper, with energies and forces of a known potential.

``python tools/make_force_matching_data.py > jobs/copper-forces/structures.xml`` writes the shipped file again.

The potential is the second-moment one of F. Cleri and V. Rosato, Phys. Rev. B 48, 22 (1993), eqs. 1-3, table II:
E = sum_i [ sum_j A exp(-p (r/r0 - 1)) s(r) - sqrt( sum_j xi^2 exp(-2 q (r/r0 - 1)) s(r) ) ], cut off smoothly here
by s(r) = x^4/(1 + x^4), x = (r - rc)/h.
"""

import sys
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

A, XI, P, Q, R0 = 0.0855, 1.224, 10.960, 2.278, 2.556
CUTOFF, H = 5.5, 1.0

#: The last fifth is not fitted.
N_STRUCTURES, N_FITTED = 100, 80


def screened(r: np.ndarray, strength: float, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Return strength exp(-decay (r/r0 - 1)) s(r) and its derivative."""
    x = ((r - CUTOFF) / H) ** 4
    screen, screen_slope = x / (1 + x), 4 * x / (r - CUTOFF) / (1 + x) ** 2
    value = strength * np.exp(-decay * (r / R0 - 1))
    return value * screen, value * (screen_slope - decay / R0 * screen)


def energy_and_forces(atoms: Atoms) -> tuple[float, np.ndarray]:
    """Return the energy, eV, and the forces [n, 3], eV/Angstrom."""
    first, second, r, vector = neighbor_list("ijdD", atoms, CUTOFF)
    pair, pair_slope = screened(r, A, P)
    band, band_slope = screened(r, XI**2, 2 * Q)
    root = np.sqrt(np.bincount(first, band, len(atoms)))
    # half of each bond's derivative comes from either end
    slope = 2 * pair_slope - 0.5 * band_slope * (1 / root[first] + 1 / root[second])
    pull = (slope / r)[:, None] * vector
    forces = np.stack([np.bincount(first, pull[:, axis], len(atoms)) for axis in range(3)], axis=1)
    return float(pair.sum() - root.sum()), forces


def structures() -> Iterator[Atoms]:
    """Yield strained cells of four atoms, which are displaced at random: fcc, bcc and hcp."""
    random = np.random.default_rng(1)
    fcc, bcc = bulk("Cu", cubic=True, a=3.615), bulk("Cu", "bcc", cubic=True, a=2.87).repeat((2, 1, 1))
    hcp = bulk("Cu", "hcp", a=2.556, c=4.174, orthorhombic=True)
    for _ in range(N_STRUCTURES):
        atoms = (fcc, fcc, fcc, bcc, hcp)[random.integers(5)].copy()
        strain = np.eye(3) + random.normal(scale=0.02, size=(3, 3))
        atoms.set_cell(np.round(atoms.cell @ strain, 6), scale_atoms=True)
        atoms.positions = np.round(atoms.positions + random.normal(scale=0.08, size=(len(atoms), 3)), 6)
        yield atoms


def element(number: int, atoms: Atoms) -> str:
    """Return a structure as a job has it."""
    energy, forces = energy_and_forces(atoms)
    fitted = "" if number < N_FITTED else ' fit="false"'
    lines = [f'  <user-structure id="cell-{number}"{fitted}>', "    <cell>"]
    for k, row in enumerate(atoms.cell, start=1):
        lines.append(f"      <a{k} {_xyz(row)}/>")
    lines.append("      <atoms>")
    lines += [f'        <atom type="Cu" {_xyz(row)}/>' for row in atoms.positions]
    lines += ["      </atoms>", "    </cell>", "    <atomic-forces>"]
    lines += [f'      <force i="{k}" {_xyz(row)}/>' for k, row in enumerate(forces)]
    lines += ["    </atomic-forces>", "    <properties>"]
    lines.append(f'      <atomic-energy fit="true" target="{energy / len(atoms):.6f}"/>')
    lines += ['      <atomic-forces fit="true"/>', "    </properties>", "  </user-structure>"]
    return "\n".join(lines)


def _xyz(row: np.ndarray) -> str:
    # no "-0.000000"
    return " ".join(f'{axis}="{round(value, 6) + 0.0:.6f}"' for axis, value in zip("xyz", row, strict=True))


def text() -> str:
    """Return the whole file."""
    cells = "\n".join(element(number, atoms) for number, atoms in enumerate(structures()))
    return f'<group id="cells">\n{cells}\n</group>\n'


if __name__ == "__main__":
    sys.stdout.write(text())
