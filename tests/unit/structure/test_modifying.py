from __future__ import annotations

import numpy as np
import pytest

from hpcfit.records import Atoms, Modification
from hpcfit.structure.building import build
from hpcfit.structure.modifying import modify


def cube(species=(0,)):
    return Atoms(
        np.array(species, dtype=np.int32), 2 * np.eye(3), np.ones(3, dtype=bool), np.zeros((len(species), 3))
    )


def repeated(n):
    return modify(cube(), Modification("repeat", numbers=(n, n, n)))


def test_repeat():
    made = modify(build("B2", [0, 1], {"lattice-parameter": 3.0}), Modification("repeat", numbers=(2, 1, 3)))
    assert made.cell.tolist() == [[6, 0, 0], [0, 3, 0], [0, 0, 9]]
    assert made.species.tolist() == [0, 1] * 6
    assert made.position[2:4].tolist() == [[0, 0, 3], [1.5, 1.5, 4.5]]


def test_point_defects():
    bulk = repeated(2)
    vacancy = modify(bulk, Modification("vacancy", site=3))
    assert np.array_equal(vacancy.position, np.delete(bulk.position, 3, axis=0))
    other = modify(bulk, Modification("substitution", site=3, species=1))
    assert other.species.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    assert not bulk.species.any()
    more = modify(bulk, Modification("interstitial", species=2, numbers=(0.25, 0.5, 0.0)))
    assert more.species.tolist() == [0] * 8 + [2]
    assert more.position[8].tolist() == [1, 2, 0]


def test_deformation_acts_on_columns():
    gradient = np.array([[1.1, 0.2, 0], [0, 0.9, 0], [0, 0, 1]])
    made = modify(repeated(2), Modification("deformation", numbers=tuple(gradient.ravel())))
    assert made.cell[1] == pytest.approx(gradient @ [0, 4, 0])
    assert made.position[2] == pytest.approx(gradient @ [0, 2, 0])


def test_surface():
    bulk = modify(
        build("L1_2", [2, 0], {"lattice-parameter": 4.0}), Modification("repeat", numbers=(1, 1, 1))
    )
    slab = modify(bulk, Modification("surface", numbers=(1, 0, 0, 3, 10.0)))
    assert len(slab) == 12
    assert sorted(slab.species) == [0] * 9 + [2] * 3
    heights = slab.position[:, 2]
    # Six atomic planes, half a lattice parameter apart, and the vacuum on both sides.
    assert np.ptp(heights) == pytest.approx(10.0)
    assert slab.cell[2, 2] == pytest.approx(30.0)
    assert slab.pbc.all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Modification("melt"), "unknown change, found melt, allowed repeat, vacancy"),
        (Modification("repeat", numbers=(1, 0, 1)), "repeat, found 1 0 1, allowed positive numbers"),
        (Modification("repeat", numbers=(1, 1.5, 1)), "repeat, allowed whole numbers"),
        (Modification("repeat", numbers=(1, 2)), "repeat, found 2 numbers, allowed 3"),
        (Modification("vacancy", site=8), "site of vacancy, found 8, allowed 0 .. 7"),
        (Modification("substitution", species=1), "site of substitution, found -1"),
        (
            Modification("deformation", numbers=(1, 0, 0, 0, -1, 0, 0, 0, 1)),
            "determinant of the deformation, found -1",
        ),
        (Modification("surface", numbers=(0, 0, 0, 3, 5)), "surface, found 0 0 0 3 5"),
        (Modification("surface", numbers=(1, 0, 0, 0.5, 5)), "surface, found 1 0 0 0.5 5"),
    ],
)
def test_faults(change, message):
    with pytest.raises(ValueError, match=message):
        modify(repeated(2), change)


def test_changes_that_a_molecule_cannot_take():
    dimer = build("dimer", [0, 0], {"atom-distance": 2.0})
    for change, message in (
        (Modification("repeat", numbers=(2, 1, 1)), "1 where not periodic"),
        (Modification("interstitial", species=0, numbers=(0, 0, 0)), "cell has no volume"),
        (Modification("surface", numbers=(1, 0, 0, 2, 5)), "not periodic in all directions"),
    ):
        with pytest.raises(ValueError, match=message):
            modify(dimer, change)
    with pytest.raises(ValueError, match="vacancy in a structure of one atom"):
        modify(cube(), Modification("vacancy", site=0))
