"""Where bond orders could lose digits or divide by zero: no third atom, third atoms at the cut-off, extreme values."""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics.oracle import oracle_energy
from tests.physics.oracle_cells import Structure
from tests.physics.oracle_kernels import NOTHING_FREE, Values, raw_columns, richardson, split
from tests.physics.oracle_samples import (
    FORMS,
    fittable,
    reach_of,
    sample_parameters,
    sample_structures,
    tables,
)

NAMES = ("abop", "tersoff", "tersoff-mod")

#: Tersoff's third set for silicon, as in LAMMPS' Si.tersoff and papers: tiny beta, huge c, n below 1.
SILICON = {"m": 3.0, "gamma": 1.0, "lambda3": 1.7322, "c": 1.0039e5, "d": 16.217, "costheta0": -0.59825}
SILICON |= {"n": 0.78734, "beta": 1.1e-6, "lambda2": 1.7322, "B": 471.18, "R": 2.85, "D": 0.15}
SILICON |= {"lambda1": 2.4799, "A": 1830.8}


def _parameters(name: str, **changed: float) -> np.ndarray:
    values = sample_parameters(FORMS[name], 1)
    for k, row in enumerate(FORMS[name].parameters):
        values[k] = changed.get(row.name, values[k])
    return values


def _place(name: str, parameter: str) -> int:
    return [row.name for row in FORMS[name].parameters].index(parameter)


def _values(name: str, structure: Structure, parameters: np.ndarray) -> Values:
    return split(raw_columns(name, [structure], parameters, fittable(FORMS[name], 1), 1), 1)


def _atoms(*position: tuple[float, float, float]) -> Structure:
    species = np.zeros(len(position), dtype=np.int32)
    return Structure(50.0 * np.eye(3), (False, False, False), np.array(position), species)


@pytest.mark.parametrize("name", NAMES)
def test_a_dimer_has_no_bond_order(name: str) -> None:
    parameters = _parameters(name)
    dimer = _atoms((0.0, 0.0, 0.0), (0.0, 0.0, 2.3))
    found = _values(name, dimer, parameters)
    table = tables(FORMS[name], parameters.astype(np.longdouble), 1)
    assert found.energies[0, 0] == pytest.approx(float(oracle_energy(name, dimer, table)), rel=1e-13)
    names = [row.name for row in FORMS[name].parameters if row.fittable]
    of_pairs = {"D0", "S", "r0", "A", "B", "lambda1", "lambda2"} | ({"beta"} if name == "abop" else set())
    for part, array in found.parts():
        felt = {row for row, column in zip(names, array[1:], strict=True) if column.any()}
        assert felt == of_pairs.intersection(names), part
        assert np.isfinite(array).all(), part


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 4e-16])
def test_a_third_atom_that_just_begins_to_count(name: str, gap: float) -> None:
    """With exponents below 1 the slope of b by zeta diverges; times the slope of zeta it does not."""
    exponent = {"abop": "powern", "tersoff": "n", "tersoff-mod": "eta"}[name]
    parameters = _parameters(name, **{exponent: 0.7})
    reach = reach_of(FORMS[name], 1)
    alone = _values(name, _atoms((0, 0, 0), (0, 0, 2.3), (0, 20.0, 0)), parameters)
    found = _values(name, _atoms((0, 0, 0), (0, 0, 2.3), (0, reach * (1 - gap), 0)), parameters)
    for (part, a), (_, b) in zip(found.parts(), alone.parts(), strict=True):
        # The slowest go like gap^(2 x 0.7 - 1) times its logarithm, in eV over all units.
        assert np.abs(a - b).max() < 3e3 * gap**0.4 * (1 - np.log(gap)), part


@pytest.mark.parametrize("m", [1.0, 3.0])
def test_silicon(m: float) -> None:
    parameters = _parameters("tersoff", **{**SILICON, "m": m})
    table = tables(FORMS["tersoff"], parameters.astype(np.longdouble), 1)
    for label, structure in sample_structures("tersoff", 1).items():
        found = _values("tersoff", structure, parameters)
        wanted = float(oracle_energy("tersoff", structure, table))
        assert found.energies[0, 0] == pytest.approx(wanted, rel=1e-12, abs=1e-12), label
        assert all(np.isfinite(array).all() for _, array in found.parts()), label


@pytest.mark.parametrize(("name", "decay", "m"), [("abop", "twomu", "m"), ("tersoff-mod", "alpha", "beta")])
@pytest.mark.parametrize("exponent", [1.0, 3.0])
def test_no_decay_with_the_difference_of_lengths(name: str, decay: str, m: str, exponent: float) -> None:
    parameters = _parameters(name, **{decay: 0.0, m: exponent})
    structure = sample_structures(name, 1)["30 atoms"]
    place = _place(name, decay)
    column = 1 + fittable(FORMS[name], 1).tolist().index(place)
    exact = _values(name, structure, parameters)

    def forces(change: float) -> np.ndarray:
        moved = parameters.copy()
        moved[place] += change
        return split(raw_columns(name, [structure], moved, NOTHING_FREE, 1), 1).forces[0]

    difference = richardson(forces, 0.02, 4)
    assert np.abs(exact.forces[column] - difference).max() < 1e-8
    assert exact.forces[column].any() == (exponent == 1.0)


def test_bonds_that_neighbours_do_not_weaken() -> None:
    parameters = _parameters("tersoff", beta=0.0)
    table = tables(FORMS["tersoff"], parameters.astype(np.longdouble), 1)
    structure = sample_structures("tersoff", 1)["30 atoms"]
    found = _values("tersoff", structure, parameters)
    wanted = float(oracle_energy("tersoff", structure, table))
    assert found.energies[0, 0] == pytest.approx(wanted, rel=1e-13)
    assert all(np.isfinite(array).all() for _, array in found.parts())


@pytest.mark.parametrize("name", NAMES)
def test_extreme_bond_orders_do_not_overflow(name: str) -> None:
    """A huge (beta zeta)^n leaves b its power law; LAMMPS' asymptotic forms are what it must meet."""
    large = {
        "abop": {"powern": 60.0, "gamma": 1e7},
        "tersoff": {"n": 60.0, "beta": 1e7},
        "tersoff-mod": {"eta": 60.0, "n": 30.0, "c1": 1e7},
    }[name]
    parameters = _parameters(name, **large)
    structure = sample_structures(name, 1)["30 atoms"]
    table = tables(FORMS[name], parameters.astype(np.longdouble), 1)
    found = _values(name, structure, parameters)
    assert all(np.isfinite(array).all() for _, array in found.parts())
    wanted = float(oracle_energy(name, structure, table))
    assert found.energies[0, 0] == pytest.approx(wanted, rel=1e-12)


def test_a_negative_zeta_counts_as_none() -> None:
    parameters = _parameters("tersoff-mod", c1=-50.0)
    structure = sample_structures("tersoff-mod", 1)["30 atoms"]
    found = _values("tersoff-mod", structure, parameters)
    without = _values("tersoff-mod", structure, _parameters("tersoff-mod", c1=-60.0))
    assert np.array_equal(found.forces[0], without.forces[0])
