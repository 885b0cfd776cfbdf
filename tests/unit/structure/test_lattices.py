"""The library of lattices: numbers of atoms, distances, composition, and what a job must say."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.potential.neighbours import find_pairs
from hpcfit.structure.building import LATTICES, build
from hpcfit.structure.catalogue import structure_catalogue

CLOSE, T = np.sqrt(8 / 3), 1 / np.sqrt(2)

#: Atoms, distance to the nearest neighbours over the lattice parameter, their number around the first and the last
#: atom, and the ratio c/a where the job must say it.
SHELLS = {
    "sc": (1, 1, 6, 6, None),
    "fcc": (1, T, 12, 12, None),
    "bcc": (1, np.sqrt(3) / 2, 8, 8, None),
    "diamond": (2, np.sqrt(3) / 4, 4, 4, None),
    "hcp": (2, 1, 12, 12, None),
    "dhcp": (4, 1, 12, 12, None),
    "omega": (3, 1 / np.sqrt(3), 0, 3, None),
    "beta-Sn": (2, np.sqrt(1 / 4 + 0.55**2 / 16), 4, 4, 0.55),
    "A15": (8, 0.5, 0, 2, None),
    "simple-hexagonal": (1, 0.9, 2, 2, 0.9),
    "graphite": (4, 1 / np.sqrt(3), 3, 3, 2.7),
    "graphene": (2, 1 / np.sqrt(3), 3, 3, None),
    "B1": (2, 0.5, 6, 6, None),
    "B2": (2, np.sqrt(3) / 2, 8, 8, None),
    "B3": (2, np.sqrt(3) / 4, 4, 4, None),
    "B4": (4, 0.375 * CLOSE, 4, 4, None),
    "B8_1": (4, np.sqrt(1 / 3 + CLOSE**2 / 16), 6, 6, CLOSE),
    "B_h": (2, np.sqrt(1 / 3 + 0.97**2 / 4), 6, 6, 0.97),
    "C1": (3, np.sqrt(3) / 4, 8, 4, None),
    "C3": (6, np.sqrt(3) / 4, 4, 2, None),
    "C4": (6, np.sqrt(2 * 0.195**2 + 0.65**2 / 4), 4, 2, 0.65),
    "C8": (9, 1.605 / 4.916, 2, 1, None),
    "C11_b": (3, np.sqrt(6) / 3, 10, 10, np.sqrt(6)),
    "C14": (12, 0.5, 0, 6, None),
    "C15": (6, np.sqrt(2) / 4, 0, 6, None),
    "C32": (3, 1 / np.sqrt(3), 0, 3, 1.08),
    "Cr3Si": (8, 0.5, 0, 2, None),
    "D0_3": (4, np.sqrt(3) / 4, 8, 8, None),
    "D0_19": (8, 0.5, 12, 12, None),
    "D0_22": (4, T, 12, 12, 2),
    "D8_a": (29, np.sqrt(2) * (0.5 - 2 * 0.178), 0, 3, None),
    "L1_0": (4, T, 12, 12, 1),
    "L1_1": (2, T, 12, 12, None),
    "L1_2": (4, T, 12, 12, None),
}


def distances(atoms, reach):
    pairs = find_pairs(atoms.cell, atoms.pbc, atoms.position, reach)
    vectors = atoms.position[pairs.second] - atoms.position[pairs.first] + pairs.shift @ atoms.cell
    return pairs, np.linalg.norm(vectors, axis=1)


@pytest.mark.parametrize("name", SHELLS)
def test_nearest_neighbours(name):
    n_atoms, shortest, first, last, ratio = SHELLS[name]
    values = {"lattice-parameter": 4.0} | ({} if ratio is None else {"ca-ratio": ratio})
    atoms = build(name, [0, 1], values)
    assert len(atoms) == n_atoms
    pairs, lengths = distances(atoms, 4.5)
    # The distance in quartz is known to four digits, and bonds in one tetrahedron differ.
    tolerance = 3e-3 if name == "C8" else 1e-12
    assert lengths.min() / 4.0 == pytest.approx(shortest, rel=tolerance)
    near = np.bincount(pairs.first[lengths < lengths.min() * (1 + 1e-6)], minlength=n_atoms)
    if name != "C8":
        assert (near[0], near[-1]) == (first, last)


def test_quartz_is_made_of_tetrahedra():
    atoms = build("alpha-quartz", [0, 1], {"lattice-parameter": 4.916})
    pairs, lengths = distances(atoms, 1.7)
    assert (np.bincount(pairs.first) == [4, 4, 4, 2, 2, 2, 2, 2, 2]).all()
    # Levien et al.: 1.605 and 1.614 Angstrom.
    assert (np.abs(lengths - 1.6095) < 0.006).all()


@pytest.mark.parametrize(
    ("name", "composition"),
    [("C15", [2, 4]), ("D0_3", [1, 3]), ("D8_a", [6, 23]), ("C8", [3, 6]), ("D0_19", [2, 6])],
)
def test_compositions(name, composition):
    values = {"lattice-parameter": 5.0}
    assert np.bincount(build(name, [0, 1], values).species).tolist() == composition
    assert set(build(name, [3, 3], values).species) == {3}


def test_cells_of_atomicrex():
    fcc, bcc = (build(name, [0], {"lattice-parameter": 2.0}) for name in ("fcc", "bcc"))
    assert fcc.cell.tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert bcc.cell.tolist() == [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]
    diamond = build("diamond", [0], {"lattice-parameter": 4.0})
    assert diamond.position.tolist() == [[0, 0, 0], [1, 1, 1]]
    hcp = build("hcp", [0], {"lattice-parameter": 2.0, "ca-ratio": 1.6})
    np.testing.assert_allclose(hcp.cell, [[2, 0, 0], [-1, np.sqrt(3), 0], [0, 0, 3.2]], rtol=1e-15)
    np.testing.assert_allclose(
        hcp.position @ np.linalg.inv(hcp.cell), [[0, 0, 0], [1 / 3, 2 / 3, 0.5]], atol=1e-15
    )


def test_dimer_and_layer_are_not_periodic():
    dimer = build("dimer", [1, 0], {"atom-distance": 2.2})
    assert not dimer.pbc.any()
    assert not dimer.cell.any()
    assert dimer.position.tolist() == [[0, 0, 0], [2.2, 0, 0]]
    layer = build("graphene", [0], {"lattice-parameter": 2.4})
    assert layer.pbc.tolist() == [True, True, False]
    assert layer.cell[2].tolist() == [0, 0, 0]


def test_names_are_unique_and_lenient():
    names = [name.lower() for lattice in LATTICES for name in (lattice.name, *lattice.aliases)]
    assert len(names) == len(set(names))
    assert len(build("DIA", [0], {"lattice-parameter": 5.4})) == 2


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("fccc", {}, "unknown lattice, found fccc, nearest fcc"),
        ("fcc", {}, "lattice-parameter of fcc, found nan, allowed a positive number"),
        ("fcc", {"lattice-parameter": -1}, "found -1, allowed a positive number"),
        ("beta-Sn", {"lattice-parameter": 5}, "ca-ratio of beta-Sn, found nan"),
        ("fcc", {"lattice-parameter": 4, "u": 1}, "unknown value of fcc, found u, allowed lattice-parameter"),
    ],
)
def test_faults(name, values, message):
    with pytest.raises(ValueError, match=message):
        build(name, [0], values)


def test_forms():
    forms = {form.name: form for form in LATTICES}
    assert forms["fcc"].types == ("atom-type",)
    assert forms["B4"].types == ("atom-type-A", "atom-type-B")
    assert forms["B4"].internal == {"u": 0.375}
    assert np.isnan(forms["dimer"].degrees["atom-distance"])
    assert structure_catalogue().lattices == LATTICES
