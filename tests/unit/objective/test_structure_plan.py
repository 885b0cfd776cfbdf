from dataclasses import replace

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.objective.partition import cut_structures, share_blocks, structure_cost
from hpcfit.objective.plan import make_plan
from hpcfit.potential.expression.interpreter import run
from hpcfit.records import Atoms, Fitting, GeodesicOptions, Group, StructureFile
from tests.helpers.lattice_jobs import derived, lattice, lj_job, user_structure, vacancy, wanted


def fcc(name="fcc", weight=1.0, **changes):
    energy = wanted("atomic-energy", -3.36, weight=2.0)
    modulus = wanted("bulk-modulus", 0.5, weight=1.0)
    return lattice(name, 4.05, (energy, modulus, wanted("pxx", 0.0, fit=False)), weight, **changes)


def unfitted(name="plain"):
    return lattice(name, 3.0, (wanted("atomic-energy", -3.0, fit=False),), weight=100.0, form="bcc")


FORMATION = derived(
    "formation",
    "v - 31*b",
    [("v", "vacancy", "total-energy"), ("b", "fcc", "atomic-energy")],
    0.66,
    weight=4.0,
)


def mixed():
    inner = Group(
        "inner", 3.0, (lattice("bcc", 3.1, (wanted("atomic-energy", -3.2),), form="bcc"), unfitted())
    )
    outer = Group("outer", 2.0, (fcc(weight=5.0), inner))
    return lj_job([outer, vacancy(4.05, (wanted("total-energy", fit=False),)), FORMATION])


def test_weights_by_hand():
    """Outer : formation = 2 : 4, fcc : inner = 5 : 3, energy : modulus = 2 : 1; what is not fitted drops out."""
    weights = make_plan(mixed(), []).weights
    assert weights.structures[0] == pytest.approx(
        (2 / 6 * 5 / 8 * 2 / 3, 2 / 6 * 5 / 8 * 1 / 3, 0.0), rel=1e-15
    )
    assert weights.structures[1] == pytest.approx((2 / 6 * 3 / 8,), rel=1e-15)
    assert weights.structures[2:] == ((0.0,), (0.0,))
    assert weights.derived == pytest.approx((4 / 6,), rel=1e-15)
    assert sum(map(sum, weights.structures)) + sum(weights.derived) == pytest.approx(1.0, rel=1e-15)


def test_counts():
    plan = make_plan(mixed(), [])
    assert (plan.n_structures, plan.n_atoms, plan.n_fitted_properties, plan.n_residuals) == (4, 34, 4, 4)
    forces = wanted("atomic-forces", np.zeros(93))
    assert make_plan(lj_job([vacancy(4.05, (forces,))]), []).n_residuals == 93


def test_a_fit_of_nothing_is_refused():
    with pytest.raises(InputError, match="nothing to fit"):
        make_plan(lj_job([unfitted()]), [])
    with pytest.raises(InputError, match="no structures"):
        make_plan(lj_job([]), [])
    assert make_plan(lj_job([unfitted()], fitting=None), []).n_residuals == 0


def blocks_of(job, n_blocks):
    fitting = Fitting(GeodesicOptions(), n_blocks, 1)
    return [block.plan for block in make_plan(replace(job, fitting=fitting), []).structure_blocks]


def test_a_derived_property_stands_with_its_first_structure_and_brings_the_others():
    works = blocks_of(mixed(), 600)
    assert [[s.id for s in work.structures] for work in works] == [
        ["fcc"],
        ["bcc", "plain"],
        ["vacancy", "fcc"],
    ]
    assert [work.n_own for work in works] == [1, 2, 1]
    assert [len(work.derived) for work in works] == [0, 0, 1]
    assert works[2].derived_weights == pytest.approx((4 / 6,)) and len(works[2].weights) == 1
    (whole,) = blocks_of(mixed(), 1)
    assert [s.id for s in whole.structures] == ["fcc", "bcc", "plain", "vacancy"] and whole.n_own == 4
    assert run(whole.derived_programs[0], [-100.0, -3.3], np.zeros(1))[:, 0] == pytest.approx(
        [2.3, 1.0, -31.0]
    )


def test_blocks_hold_about_the_same_cost_in_the_order_of_the_job():
    costs = [1.0] * 10 + [10.0] * 2 + [1.0] * 10
    ranges = cut_structures(costs, 4)
    assert [k for own in ranges for k in own] == list(range(22))
    assert [sum(costs[own.start : own.stop]) for own in ranges] == [10.0, 10.0, 10.0, 10.0]
    assert cut_structures([], 4) == [] and cut_structures([5.0], None) == [range(1)]
    assert len(cut_structures([1000.0] * 100, None)) == 10


def test_costs_follow_freedoms_and_properties():
    plain = lattice("a", 4.0, (), relaxed=())
    relaxing = lattice("a", 4.0, ())
    elastic = lattice("a", 4.0, (wanted("C11"), wanted("C12")))
    assert structure_cost(plain) == 10.0
    assert structure_cost(plain) < structure_cost(relaxing) < structure_cost(elastic)
    assert structure_cost(vacancy(4.0, ())) == 10 * 31 * 181


def test_blocks_asked_for_are_shared_by_cost():
    assert share_blocks(None, 10.0, 10.0) == (None, None)
    assert share_blocks(10, 30.0, 10.0) == (8, 2)
    assert share_blocks(10, 30.0, 0.0) == (10, 10)
    assert share_blocks(1, 1.0, 1e6) == (1, 1)


def test_faulty_formulas_of_derived_properties_are_input_errors():
    faulty = replace(FORMATION, formula="v - 31*c")
    with pytest.raises(InputError, match="derived property 'formation': unknown name in formula, found 'c'"):
        make_plan(lj_job([fcc(), vacancy(4.05, ()), faulty]), [])


def cubes(a, *places):
    species = np.zeros(len(places), np.int32)
    return Atoms(species, a * np.eye(3), np.ones(3, bool), np.array(places))


def test_a_poscar_needs_a_cell():
    files = (StructureFile("extxyz", "a.xyz", "/a.xyz"), StructureFile("poscar", "POSCAR", "/POSCAR"))
    pair = Atoms(
        np.zeros(2, np.int32), np.zeros((3, 3)), np.zeros(3, bool), np.array([[0.0] * 3, [0.0, 0.0, 2.5]])
    )
    dimer = user_structure("dimer", pair, (wanted("total-energy", -1.0),), files=files)
    with pytest.raises(InputError) as error:
        make_plan(lj_job([fcc(files=files), dimer]), [])
    what = "structure 'dimer' has no cell for a POSCAR, found POSCAR, allowed lammps-dump, extxyz"
    assert str(error.value) == f"job.xml:1: {what}"


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (cubes(0.01, [0.0, 0.0, 0.0]), "is too dense, found 1e+09 neighbours of each atom within 7 A"),
        (cubes(4.0, [0.0, 0.0, 0.0], [4.0, -4.0, 0.0]), "has two atoms at one position, found atoms 0 and 1"),
    ],
)
def test_structures_that_cannot_be_meant(atoms, message):
    energy = (wanted("total-energy", -1.0),)
    with pytest.raises(InputError) as error:
        make_plan(lj_job([fcc(), user_structure("odd", atoms, energy)]), [])
    assert str(error.value).startswith(f"job.xml:1: structure 'odd' {message}")
