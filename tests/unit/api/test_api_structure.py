"""Structures in scripts: atoms, energies, forces, properties and targets."""

from pathlib import Path

import ase
import numpy as np
import pytest
from ase.build import bulk

import hpcfit
from hpcfit.calculator import Hpcfit
from hpcfit.errors import HpcfitError, InputError
from hpcfit.parallel.communicator import Serial

JOBS = Path(__file__).resolve().parents[3] / "jobs"


@pytest.fixture
def job():
    made = hpcfit.Job(Serial())
    made.set_verbosity("none")
    made.parse_input_file(str(JOBS / "aluminium-lattices" / "job.xml"))
    return made


def shaken():
    atoms = bulk("Al", cubic=True, a=4.05).repeat((2, 1, 1))
    atoms.rattle(0.05, seed=1)
    return atoms


def test_energy_and_forces_are_those_of_the_calculator(job):
    atoms = shaken()
    structure = job.add_ase_structure("shaken", atoms)
    atoms.calc = Hpcfit(JOBS / "aluminium-lattices" / "job.xml")
    assert structure.compute_energy(compute_forces=True) == atoms.get_potential_energy()
    assert structure.get_potential_energy() == atoms.get_potential_energy()
    np.testing.assert_array_equal(structure.get_forces(), atoms.get_forces())
    job.set_potential_parameters([400.0, 2.73, 1.14, 8.0])
    assert structure.get_potential_energy() < atoms.get_potential_energy() - 1.0


def test_atoms(job):
    atoms = shaken()
    structure = job.add_ase_structure("shaken", atoms)
    for made in (structure.get_atoms(), structure.get_atoms(job)):
        assert made == ase.Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=True)
    assert structure.id == "shaken"
    assert structure.get_number_of_atoms() == 8
    for found, expected in (
        (structure.positions, atoms.positions),
        (structure.get_positions(), atoms.positions),
        (structure.cell, atoms.cell.array),
        (structure.get_cell(), atoms.cell.array),
    ):
        np.testing.assert_array_equal(found, expected)


def test_properties_after_relaxation(job):
    fcc = job.structures["fcc"]
    assert fcc.properties == {}
    assert fcc.cell[0, 1] == pytest.approx(4.05 / 2)
    fcc.compute_properties()
    values = fcc.properties
    assert next(iter(values)) == "total-energy"
    assert values["lattice-parameter"] == pytest.approx(3.7850609564, abs=1e-9)
    assert values["C44"] == pytest.approx(46.5509141326, rel=1e-9)
    assert fcc.cell[0, 1] == pytest.approx(values["lattice-parameter"] / 2, abs=1e-14)
    assert fcc.compute_energy() == pytest.approx(values["total-energy"], abs=1e-12)


def test_printed_properties(job, capsys):
    fcc = job.structures["fcc"]
    line = "C11: 101.896 GPa (target: 114 GPa) Abs. weight: {}; Tolerance: 2;"
    fcc.print_properties()
    assert line.format(1) in capsys.readouterr().out
    job.prepare_fitting()
    fcc.print_properties()
    assert line.format(0.078125) in capsys.readouterr().out
    # what is asked for later is computed and printed too
    fcc.modify_property("pressure", 0.0)
    job.set_potential_parameters([500, 2.79747, 1.21346, 7.99374])
    fcc.print_properties()
    printed = capsys.readouterr().out
    assert "C11: 101.823 GPa" in printed
    assert "  pressure: " in printed


def test_changed_targets_change_the_objective(job):
    before = job.calculate_residual()
    fcc = job.structures["fcc"]
    fcc.modify_property("C11", 101.8958617335, tolerance=1.0)
    # its part was W ((114 - C11)/2)^2
    assert before - job.calculate_residual() == pytest.approx(0.078125 * (12.1041382665 / 2) ** 2, rel=1e-9)
    fcc.modify_property("C11", 100.8958617335)
    # the tolerance stays
    assert before - job.calculate_residual() == pytest.approx(
        0.078125 * ((12.1041382665 / 2) ** 2 - 1.0), rel=1e-8
    )


def test_a_fitted_lattice_parameter_relaxes(job):
    bcc = job.structures["bcc"]
    bcc.compute_properties()
    assert bcc.properties["lattice-parameter"] == 2.6
    bcc.modify_property("lattice-parameter", 3.2)
    bcc.compute_properties()
    assert 2.6 < bcc.properties["lattice-parameter"] < 3.2


def test_bounds_in_the_job_hold_once_a_property_is_fitted(job, capsys):
    bcc = job.structures["bcc"]
    bcc.modify_property("lattice-parameter", 3.2)
    job.set_potential_parameters([5e4, 2.73, 1.14, 8.0])
    bcc.compute_properties()
    assert bcc.properties["lattice-parameter"] == pytest.approx(3.3, abs=1e-14)
    bcc.print_properties()
    job.print_properties()
    warning = "warning: structure 'bcc': lattice-parameter halted at its maximum\n"
    assert capsys.readouterr().out.count(warning) == 2


def test_target_forces(job):
    structure = job.add_ase_structure("shaken", shaken())
    target = structure.get_forces() + 0.02
    structure.set_target_forces(target)
    np.testing.assert_array_equal(structure.target_forces, target)
    np.testing.assert_array_equal(structure.get_target_forces(), target)
    job.prepare_fitting()
    weight = job.weights_of(job.record.own_structures[-1])[0]
    alone = weight * 24 * (0.02 / 1.0) ** 2  # the tolerance of structures that a script adds
    everything = job.calculate_residual()
    structure.set_target_forces(target - 0.02)
    assert everything - job.calculate_residual() == pytest.approx(alone, rel=1e-9)
    structure.compute_properties()
    assert structure.properties["atomic-forces"].shape == (24,)


def test_energy_that_is_not_finite(job):
    atoms = ase.Atoms("Al2", [(0, 0, 0), (0, 0, 2.0)])
    job.set_potential_parameters([1e308, -500.0, 1.14, 8.0])
    with pytest.raises(HpcfitError, match="structure 'dimer'"):
        job.add_ase_structure("dimer", atoms).compute_energy()


def test_unknown_structures_and_properties(job):
    with pytest.raises(KeyError):
        _ = job.structures["dia"]
    with pytest.raises(InputError, match="nearest lattice-parameter"):
        job.structures["fcc"].modify_property("lattice-parametre", 4.0)
