"""Slabs beside ASE's builder, which gets the conventional cell."""

from __future__ import annotations

import numpy as np
import pytest
import vesin
from ase.build import bulk, fcc100, fcc110, fcc111, surface
from ase.spacegroup import crystal

from hpcfit.records import CENTRINGS, Atoms, Modification
from hpcfit.structure.building import LATTICES, build
from hpcfit.structure.modifying import modify
from hpcfit.structure.surfaces import own_indices

A, C, VACUUM = 4.0, 6.4, 6.0
FORMS = {form.name: form for form in LATTICES}

CONVENTIONAL = {
    "sc": lambda: bulk("H", "sc", a=A),
    "fcc": lambda: bulk("H", "fcc", a=A, cubic=True),
    "bcc": lambda: bulk("H", "bcc", a=A, cubic=True),
    "diamond": lambda: bulk("H", "diamond", a=A, cubic=True),
    "B1": lambda: bulk("HHe", "rocksalt", a=A, cubic=True),
    "B2": lambda: bulk("HHe", "cesiumchloride", a=A),
    "B3": lambda: bulk("HHe", "zincblende", a=A, cubic=True),
    "C1": lambda: bulk("HHeHe", "fluorite", a=A, cubic=True),
    "L1_2": lambda: crystal(
        ("H", "He"), [(0, 0, 0), (0, 0.5, 0.5)], spacegroup=221, cellpar=[A, A, A, 90, 90, 90]
    ),
    "hcp": lambda: crystal(("H",), [(1 / 3, 2 / 3, 0.25)], spacegroup=194, cellpar=[A, A, C, 90, 90, 120]),
    "B4": lambda: crystal(
        ("H", "He"),
        [(1 / 3, 2 / 3, 0), (1 / 3, 2 / 3, 0.375)],
        spacegroup=186,
        cellpar=[A, A, C, 90, 90, 120],
    ),
}


def lattice(name):
    values = {"lattice-parameter": A}
    if "ca-ratio" in FORMS[name].degrees:
        values["ca-ratio"] = C / A
    return build(name, list(range(FORMS[name].n_types)), values)


def slab(name, indices, layers, vacuum=VACUUM, termination=()):
    change = Modification(
        "surface",
        numbers=(*indices, layers, vacuum),
        termination=termination,
        vectors=CENTRINGS[FORMS[name].centring],
    )
    return modify(lattice(name), change)


def area(cell):
    return np.linalg.norm(np.cross(cell[0], cell[1]))


def energy(species, cell, position):
    """A pair energy that sees the kinds of the atoms, per area."""
    finder = vesin.NeighborList(cutoff=5.0, full_list=True)
    i, j, d = finder.compute(position, np.array(cell), True, "ijd")
    kinds = 1.0 + 0.3 * (species[i] + species[j]) + 0.5 * species[i] * species[j]
    return float((kinds * np.exp(-d) * (5.0 - d) ** 2).sum() / area(cell))


def planes(species, cell, position):
    """Height of each plane of atoms, and the number of atoms of both kinds per area in it, from below."""
    heights = position[:, 2] - position[:, 2].min()
    place = np.round(heights / 1e-4).astype(int)
    found = []
    for z in np.unique(place):
        if found and z - found[-1][0] <= 1:
            continue
        own = species[np.abs(place - z) <= 1]
        found.append((z, *(float(np.sum(own == kind) / area(cell)) for kind in (0, 1))))
    return np.array(found) * [1e-4, 1, 1]


def equal(first, second):
    return first.shape == second.shape and np.allclose(first, second, atol=2e-4)


@pytest.mark.parametrize("name", CONVENTIONAL)
@pytest.mark.parametrize(
    "indices", [(1, 0, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (2, 1, 0), (1, -1, 2), (3, 1, 1)]
)
def test_slabs_are_those_of_the_conventional_cell(name, indices):
    # Periodic slabs of ASE may have an atom of the lowest plane on top.
    theirs = surface(CONVENTIONAL[name](), indices, 1, vacuum=VACUUM, periodic=False)
    kinds = theirs.numbers - 1
    per_layer = slab(name, indices, 1)
    layers = round((len(theirs) / area(theirs.cell)) / (len(per_layer) / area(per_layer.cell)))
    ours = slab(name, indices, layers)
    assert len(ours) == layers * len(lattice(name))
    assert len(ours) / area(ours.cell) == pytest.approx(len(theirs) / area(theirs.cell), rel=1e-12)
    assert ours.pbc.all()
    n_planes = len(planes(per_layer.species, per_layer.cell, per_layer.position))
    found = [slab(name, indices, layers, termination=(k,)) for k in range(n_planes)]
    # ASE cuts where its own cell begins, perhaps upside down.
    want = planes(kinds, theirs.cell, theirs.positions)
    turned = planes(kinds, theirs.cell, -theirs.positions)
    profiles = [(one, planes(one.species, one.cell, one.position)) for one in found]
    same = [one for one, profile in profiles if equal(profile, want) or equal(profile, turned)]
    assert same
    expected = energy(kinds, theirs.cell, theirs.positions)
    assert energy(same[0].species, same[0].cell, same[0].position) == pytest.approx(expected, rel=1e-9)
    assert same[0].cell[2, 2] == pytest.approx(theirs.cell[2, 2], abs=1e-9)


@pytest.mark.parametrize(
    ("indices", "builder"), [((1, 0, 0), fcc100), ((1, 1, 0), fcc110), ((1, 1, 1), fcc111)]
)
def test_layers_are_those_of_builders_for_fcc(indices, builder):
    ours = slab("fcc", indices, 5)
    theirs = builder("Cu", (1, 1, 5), a=A, vacuum=VACUUM, periodic=True)
    assert len(ours) == len(theirs) == 5
    assert area(ours.cell) == pytest.approx(area(theirs.cell), rel=1e-12)
    kinds = np.zeros(5)
    assert energy(kinds, ours.cell, ours.position) == pytest.approx(
        energy(kinds, theirs.cell, theirs.positions), rel=1e-9
    )


@pytest.mark.parametrize("name", ["B3", "B4"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_upper_side_faces_along_the_indices(name, sign):
    # Along A to B bonds, 111 and 0001, A lies below B by the short distance in one sense, above in the other.
    indices = (sign, sign, sign) if name == "B3" else (0, 0, sign)
    made = slab(name, indices, 2)
    bulk_atoms = lattice(name)
    normal = np.linalg.solve(bulk_atoms.cell, own_indices(indices, CENTRINGS[FORMS[name].centring]))
    apart = (bulk_atoms.position[bulk_atoms.species == 1][0] - bulk_atoms.position[0]) @ normal
    apart /= np.linalg.norm(normal)
    first = made.position[made.species == 0, 2]
    assert (
        np.isclose(made.position[made.species == 1, 2] - first[:, None], apart, atol=1e-9).any(axis=0).sum()
        >= 2
    )
    assert np.linalg.det(made.cell) > 0


def test_a_chiral_crystal_is_no_mirror_image():
    quartz = build("C8", [0, 1], {"lattice-parameter": 4.9})
    slabs = [
        modify(quartz, Modification("surface", numbers=(*indices, 2, 0.0)))
        for indices in [(1, 0, 0), (0, 1, 0), (0, 0, -1), (1, 1, -1), (2, -1, 3)]
    ]
    assert [handedness(one) for one in slabs] == pytest.approx([handedness(quartz)] * len(slabs), rel=1e-9)
    assert abs(handedness(quartz)) > 1e-3


def handedness(atoms):
    """Mean over atoms of a determinant of three sums of neighbours' vectors, which a mirror changes in sign."""
    finder = vesin.NeighborList(cutoff=4.0, full_list=True)
    i, j, d, vectors = finder.compute(atoms.position, atoms.cell, True, "ijdD")
    kinds = (1.0 + atoms.species[j]) * (4.0 - d) ** 3
    sums = [vectors * (kinds * np.exp(-p * d))[:, None] for p in (0.2, 0.7, 1.5)]
    # A force on an atom and the gradients of two scalars of its neighbours have no mirror symmetry in quartz.
    scalar = np.bincount(i, kinds, minlength=len(atoms))
    sums[2] = sums[2] * (scalar[j] - scalar[i])[:, None]
    quadratic = np.bincount(i, kinds * np.exp(-d), minlength=len(atoms))
    sums[1] = sums[1] * (quadratic[j] ** 2)[:, None]
    rows = np.array([[np.bincount(i, one[:, k], minlength=len(atoms)) for k in range(3)] for one in sums])
    return float(np.mean([np.linalg.det(rows[:, :, atom]) for atom in range(len(atoms))]))


def test_both_sides_of_a_slab_can_be_chosen():
    # L1_2 (100): planes with both kinds and of B alone in turn.
    mixed, other = (
        slab("L1_2", (1, 0, 0), 2, termination=(0, 0)),
        slab("L1_2", (1, 0, 0), 2, termination=(1, 1)),
    )
    kinds = [
        [
            set(one.species[np.isclose(one.position[:, 2], z)])
            for z in np.unique(np.round(one.position[:, 2], 6))
        ]
        for one in (mixed, other)
    ]
    assert kinds[0] == [{0, 1}, {1}, {0, 1}, {1}, {0, 1}]
    assert kinds[1] == [{1}, {0, 1}, {1}, {0, 1}, {1}]
    assert mixed.cell[2, 2] == pytest.approx(2 * A + 2 * VACUUM)


def test_without_vacuum_the_crystal_goes_on():
    made = slab("fcc", (2, 1, 1), 6, vacuum=0.0)
    assert abs(np.linalg.det(made.cell)) == pytest.approx(6 * A**3 / 4)
    own = lattice("fcc")
    of_slab = energy(made.species, made.cell, made.position) * area(made.cell) / len(made)
    of_bulk = energy(own.species, own.cell, own.position) * area(own.cell)
    assert of_slab == pytest.approx(of_bulk, rel=1e-9)


@pytest.mark.parametrize(
    ("indices", "vectors", "own"),
    [
        ((1, 0, 0), CENTRINGS["face-centred"], (0, 1, 1)),
        ((1, 1, 1), CENTRINGS["face-centred"], (1, 1, 1)),
        ((2, 0, 0), CENTRINGS["face-centred"], (0, 1, 1)),
        ((1, 1, 0), CENTRINGS["body-centred"], (0, 0, 1)),
        ((1, 1, 1), np.diag([2.0, 1.0, 1.0]) @ CENTRINGS["face-centred"], (2, 1, 1)),
        ((1, 2, 3), (), (1, 2, 3)),
    ],
)
def test_indices_of_the_own_cell(indices, vectors, own):
    assert own_indices(indices, vectors) == own


@pytest.mark.parametrize(
    ("termination", "vacuum", "message"),
    [
        ((2,), 5.0, "termination of the surface, found 2, allowed 0 .. 1"),
        ((0, 0), 0.0, "termination with a part of a layer, found vacuum 0"),
    ],
)
def test_faults_of_terminations(termination, vacuum, message):
    with pytest.raises(ValueError, match=message):
        slab("B1", (1, 1, 1), 2, vacuum, termination)


def test_a_molecule_has_no_surface():
    atoms = Atoms(np.zeros(1, np.int32), np.eye(3), np.array([True, True, False]), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="not periodic in all directions"):
        modify(atoms, Modification("surface", numbers=(1, 0, 0, 2, 5.0)))
