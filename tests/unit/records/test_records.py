"""What the records that all rooms share promise."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import (
    Atoms,
    Bonds,
    Configurations,
    Function,
    Missing,
    Parameter,
    ParameterKind,
    species_tuple,
    species_tuples,
)
from hpcfit.records.losses import MagnitudeInverse, WeightTable


def structure(n, seed):
    random = np.random.default_rng(seed)
    species = random.integers(0, 2, n).astype(np.int32)
    return Atoms(species, random.normal(size=(3, 3)), random.random(3) < 0.5, random.normal(size=(n, 3)))


STRUCTURES = [structure(3, 0), structure(1, 1), structure(4, 2)]


def test_bare_structures_have_no_targets():
    found = Configurations.bare(["Al", "Ni"], STRUCTURES)
    assert len(found) == 3
    assert found.ptr.tolist() == [0, 3, 4, 8]
    assert found.ptr.dtype == np.int64
    assert (found.mask == Missing.ENERGY | Missing.FORCES | Missing.STRESS).all()
    assert np.isnan(found.energy).all() and np.isnan(found.force).all() and np.isnan(found.stress).all()
    assert (found.energy.shape, found.force.shape, found.stress.shape) == ((3,), (8, 3), (3, 6))
    assert found.id.shape == (3, 16)
    assert (found.symbols, found.groups) == (("Al", "Ni"), ("",))
    assert (found.weight == 1.0).all() and (found.group == 0).all()
    for k, one in enumerate(STRUCTURES):
        atoms = slice(found.ptr[k], found.ptr[k + 1])
        assert (found.cell[k] == one.cell).all() and (found.pbc[k] == one.pbc).all()
        assert (found.position[atoms] == one.position).all() and (found.species[atoms] == one.species).all()


@pytest.mark.parametrize("chosen", [[2, 0], [1], [0, 1, 2], [2, 2]])
@pytest.mark.parametrize("weighted", [False, True])
def test_some_configurations_are_taken_with_their_atoms(chosen, weighted):
    every = replace(Configurations.bare(["Al", "Ni"], STRUCTURES), weight=np.array([1.0, 2.0, 3.0]))
    every = replace(every, force=np.arange(24.0).reshape(8, 3))
    if weighted:
        every = replace(every, force_weight=np.arange(8.0))
    found = every.take(np.array(chosen))
    assert found.ptr.tolist() == [0, *np.cumsum([len(STRUCTURES[k]) for k in chosen])]
    assert found.weight.tolist() == [1.0 + k for k in chosen]
    assert (found.force_weight is not None) == weighted
    for place, k in enumerate(chosen):
        atoms, own = slice(*found.ptr[place : place + 2]), slice(*every.ptr[k : k + 2])
        assert (found.position[atoms] == STRUCTURES[k].position).all()
        assert (found.force[atoms] == every.force[own]).all()
        assert (found.cell[place] == STRUCTURES[k].cell).all()
        if weighted:
            assert (found.force_weight[atoms] == every.force_weight[own]).all()


def test_bonds_of_one_pair_of_species():
    bonds = Bonds(0, 1)
    assert not bonds.are_all
    assert [bonds.seen(centre) for centre in range(3)] == [True, True, False]
    seen = {pair for pair in itertools.product(range(3), repeat=2) if bonds.seen(*pair)}
    assert seen == {(0, 1), (1, 0)}
    assert bonds.seen(0, 1, 1) and bonds.seen(1, 0, 0)
    assert not bonds.seen(0, 1, 0) and not bonds.seen(0, 0, 1)


def test_bonds_of_one_species_with_any():
    for bonds in (Bonds(1, -1), Bonds(-1, 1)):
        assert not bonds.are_all
        assert all(bonds.seen(centre) for centre in range(3))
        seen = {pair for pair in itertools.product(range(3), repeat=2) if bonds.seen(*pair)}
        assert seen == {pair for pair in itertools.product(range(3), repeat=2) if 1 in pair}
    assert Bonds().are_all
    assert all(Bonds().seen(*pair) for pair in itertools.product(range(3), repeat=2))


def test_combinations_of_species_in_storage_order():
    assert species_tuples(ParameterKind.SPECIES, 2) == [(0,), (1,)]
    assert species_tuples(ParameterKind.PAIR, 2) == [(0, 0), (0, 1), (1, 1)]
    assert species_tuples(ParameterKind.ORDERED_PAIR, 2) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    triplets = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 1)]
    assert species_tuples(ParameterKind.TRIPLET, 2) == triplets
    ordered = list(itertools.product((0, 1), repeat=3))
    assert species_tuples(ParameterKind.ORDERED_TRIPLET, 2) == ordered


@pytest.mark.parametrize("kind", ParameterKind)
def test_atoms_in_any_order_have_one_of_the_combinations(kind):
    found = [species_tuple(kind, *atoms) for atoms in itertools.product(range(3), repeat=3)]
    assert set(found) == set(species_tuples(kind, 3))


def test_combinations_of_atoms():
    wanted = {
        ParameterKind.SPECIES: (2,),
        ParameterKind.PAIR: (1, 2),
        ParameterKind.ORDERED_PAIR: (2, 1),
        ParameterKind.TRIPLET: (2, 0, 1),
        ParameterKind.ORDERED_TRIPLET: (2, 1, 0),
    }
    assert {kind: species_tuple(kind, 2, 1, 0) for kind in wanted} == wanted


def parameter(**values):
    return Parameter("P.a", "a", 1.0, -np.inf, np.inf, free=False, **values)


def test_parameters_that_vary_and_that_have_a_prior():
    assert not parameter().varies and not parameter().has_prior
    assert replace(parameter(), free=True).varies
    assert parameter(constraint="2*b").varies
    assert parameter(prior_sigma=0.1).has_prior


def function(cutoff, form="user-function", **values):
    return Function("f", form, (), (), cutoff=cutoff, **values)


def test_a_function_reaches_as_far_as_its_parts_let_it():
    short, long = function(2.0), function(5.0)
    assert function(3.0).reach == 3.0
    assert function(np.inf, "sum", children=(short, long)).reach == 5.0
    assert function(np.inf, "product", children=(short, long)).reach == 2.0
    assert function(4.0, "sum", children=(short, long)).reach == 4.0
    assert function(3.0, screening=short).reach == 2.0
    assert function(3.0, screening=long).reach == 3.0


def test_weights_fall_with_the_magnitude():
    inverse = MagnitudeInverse(energy=(3.0, 2.0))
    # Lenosky et al. (1997): 1 / sqrt(3^2 + (2 x 2)^2).
    np.testing.assert_allclose(
        inverse.of("energy", np.array([0.0, 2.0, np.nan, np.inf])), [1 / 3, 1 / 5, 1.0, 1.0], rtol=1e-15
    )
    assert inverse.of("forces", np.array([7.0])).tolist() == [1.0]


def test_columns_of_a_table_of_weights():
    table = WeightTable(np.array([2.0]), np.arange(3.0), None, None)
    assert table.n_lines == 3
    assert np.asarray(table.column("config", 3)).tolist() == [2.0, 2.0, 2.0]
    assert np.asarray(table.column("energy", 3)).tolist() == [0.0, 1.0, 2.0]
    assert table.column("stress", 3) == 1.0
    assert WeightTable(None, None, None, None).n_lines == 0
