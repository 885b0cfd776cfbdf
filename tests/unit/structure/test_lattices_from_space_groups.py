"""Every lattice of the library against the crystal that its space group makes of its prototype's sites.

The sites are Wyckoff positions of the International Tables, vol. A; ASE applies the symmetry.
"""

from __future__ import annotations

import math

import ase.spacegroup
import numpy as np
import pytest

from hpcfit.potential.neighbours import find_pairs
from hpcfit.structure.building import LATTICES, build

T = 1 / 3
CLOSE = np.sqrt(8 / 3)

#: Space group, c/a of its cell, a of its cell over the lattice parameter, and one site of each orbit: species, x, y, z.
CRYSTALS = {
    "sc": (221, 1, 1, [(0, 0, 0, 0)]),
    "fcc": (225, 1, 1, [(0, 0, 0, 0)]),
    "bcc": (229, 1, 1, [(0, 0, 0, 0)]),
    "diamond": (227, 1, 1, [(0, 0, 0, 0)]),
    "hcp": (194, CLOSE, 1, [(0, T, 2 * T, 0.25)]),
    "dhcp": (194, 2 * CLOSE, 1, [(0, 0, 0, 0), (0, T, 2 * T, 0.25)]),
    "omega": (191, np.sqrt(3 / 8), 1, [(0, 0, 0, 0), (0, T, 2 * T, 0.5)]),
    "beta-Sn": (141, 0.55, 1, [(0, 0, 0, 0)]),
    "A15": (223, 1, 1, [(0, 0, 0, 0), (0, 0.25, 0, 0.5)]),
    "simple-hexagonal": (191, 0.9, 1, [(0, 0, 0, 0)]),
    "graphite": (194, 2.7, 1, [(0, 0, 0, 0.25), (0, T, 2 * T, 0.25)]),
    "graphene": (191, 9, 1, [(0, T, 2 * T, 0)]),
    "B1": (225, 1, 1, [(0, 0, 0, 0), (1, 0.5, 0.5, 0.5)]),
    "B2": (221, 1, 1, [(0, 0, 0, 0), (1, 0.5, 0.5, 0.5)]),
    "B3": (216, 1, 1, [(0, 0, 0, 0), (1, 0.25, 0.25, 0.25)]),
    "B4": (186, CLOSE, 1, [(0, T, 2 * T, 0), (1, T, 2 * T, 0.375)]),
    "B8_1": (194, 1.5, 1, [(0, 0, 0, 0), (1, T, 2 * T, 0.25)]),
    "B_h": (187, 0.97, 1, [(0, 0, 0, 0), (1, T, 2 * T, 0.5)]),
    "C1": (225, 1, 1, [(0, 0, 0, 0), (1, 0.25, 0.25, 0.25)]),
    "C3": (224, 1, 1, [(0, 0, 0, 0), (1, 0.25, 0.25, 0.25)]),
    "C4": (136, 0.65, 1, [(0, 0, 0, 0), (1, 0.305, 0.305, 0)]),
    "C8": (154, 1.1001, 1, [(0, 0.4697, 0, 2 * T), (1, 0.4135, 0.2669, 0.7858)]),
    "C11_b": (139, 2.45, 1, [(0, 0, 0, 0), (1, 0, 0, T)]),
    "C14": (194, CLOSE, 1, [(0, T, 2 * T, 1 / 16), (1, 0, 0, 0), (1, 5 / 6, 2 / 3, 0.25)]),
    "C15": (227, 1, 1, [(0, 0, 0, 0), (1, 0.625, 0.625, 0.625)]),
    "C32": (191, 1.08, 1, [(0, 0, 0, 0), (1, T, 2 * T, 0.5)]),
    "Cr3Si": (223, 1, 1, [(0, 0, 0, 0), (1, 0.25, 0, 0.5)]),
    "D0_3": (225, 1, 1, [(0, 0, 0, 0), (1, 0.5, 0.5, 0.5), (1, 0.25, 0.25, 0.25)]),
    "D0_19": (194, CLOSE / 2, 1, [(0, T, 2 * T, 0.25), (1, 5 / 6, 2 / 3, 0.25)]),
    "D0_22": (139, 2.1, 1, [(0, 0, 0, 0), (1, 0, 0, 0.5), (1, 0, 0.5, 0.25)]),
    "D8_a": (
        225,
        1,
        1,
        [(0, 0.203, 0, 0), (1, 0.5, 0.5, 0.5), (1, 0, 0.25, 0.25), (1, *3 * [0.378]), (1, *3 * [0.178])],
    ),
    "L1_0": (123, 0.95, 1, [(0, 0, 0, 0), (0, 0.5, 0.5, 0), (1, 0, 0.5, 0.5)]),
    "L1_1": (166, np.sqrt(24), np.sqrt(0.5), [(0, 0, 0, 0), (1, 0, 0, 0.5)]),
    "L1_2": (221, 1, 1, [(0, 0, 0, 0), (1, 0, 0.5, 0.5)]),
}

#: Lattices whose ratio c/a the job must say.
WITHOUT_DEFAULT = {lattice.name for lattice in LATTICES if math.isnan(lattice.degrees.get("ca-ratio", 1.0))}


def lengths(cell, pbc, position, species):
    """Return the sorted distances up to 1.3 from every pair of species, per atom."""
    pairs = find_pairs(np.array(cell), np.array(pbc), np.array(position), 1.3)
    vectors = position[pairs.second] - position[pairs.first] + pairs.shift @ cell
    kinds = 2 * species[pairs.first] + species[pairs.second]
    return [np.sort(np.linalg.norm(vectors[kinds == kind], axis=1)) for kind in range(4)]


@pytest.mark.parametrize("name", CRYSTALS)
def test_distances_are_those_of_the_space_group(name):
    group, ratio, size, sites = CRYSTALS[name]
    hexagonal = 143 <= group <= 194
    cell = [size, size, ratio * size, 90, 90, 120 if hexagonal else 90]
    crystal = ase.spacegroup.crystal(
        ["HO"[site[0]] for site in sites], [site[1:] for site in sites], spacegroup=group, cellpar=cell
    )
    values = {"lattice-parameter": 1.0} | ({"ca-ratio": ratio} if name in WITHOUT_DEFAULT else {})
    atoms = build(name, [0, 1], values)
    times, rest = divmod(len(crystal), len(atoms))
    assert rest == 0
    species = (crystal.numbers == 8).astype(int)
    expected = lengths(crystal.cell[:], [True] * 3, crystal.positions, species)
    found = lengths(atoms.cell, atoms.pbc, atoms.position, atoms.species)
    for few, many in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.repeat(few, times), many, rtol=1e-9)


def test_every_crystal_of_the_library_is_compared():
    assert [lattice.name for lattice in LATTICES if lattice.name not in {*CRYSTALS, "dimer"}] == [], (
        "add to CRYSTALS in this file"
    )
