"""A vacancy that relaxes: the fit, and its formation energy by another program's relaxation."""

import shutil
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.build import bulk
from ase.filters import UnitCellFilter
from ase.optimize import BFGS

from hpcfit.calculator import Hpcfit

JOB = Path(__file__).resolve().parents[2] / "jobs" / "copper-vacancy" / "job.xml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, hpcfit):
    folder = tmp_path_factory.mktemp("copper-vacancy")
    shutil.copy(JOB, folder)
    hpcfit(folder, "run", "job.xml")
    return folder


def test_fit(folder, outcome_of, properties_of):
    assert outcome_of(folder / "job.run.h5")["cost"][-1] == pytest.approx(0.1389457, abs=1e-6)
    found = properties_of(folder / "job.run.h5")
    expected = {
        ("fcc", "lattice-parameter"): (3.6150, 5e-5),
        ("fcc", "C11"): (176.7, 0.05),
        ("fcc", "C12"): (124.4, 0.05),
        ("fcc", "C44"): (81.6, 0.05),
        ("formation", "value"): (1.2804, 5e-5),
        ("relaxation", "value"): (-0.0251, 5e-5),
        ("volume", "value"): (9.17, 5e-3),
    }
    for name, (value, half_unit) in expected.items():
        assert found[name].value[0] == pytest.approx(value, abs=half_unit)


def test_formation_energy_as_relaxed_by_ase(folder, properties_of):
    found = properties_of(folder / "job.run.h5")
    a = found["fcc", "lattice-parameter"].value[0]
    atoms = bulk("Cu", "fcc", a=a).repeat(3)
    perfect = atoms.copy()
    del atoms[0]
    energies = []
    for each in (atoms, perfect):
        each.calc = Hpcfit(folder / "job.run.h5")
        # along the cell's volume alone, as the job says
        BFGS(UnitCellFilter(each, hydrostatic_strain=True), logfile=None).run(fmax=1e-4, steps=100)
        energies.append(each.get_potential_energy())
    formation = energies[0] - 26 / 27 * energies[1]
    # forces of 1e-4 eV/A leave energies of second order, 1e-8 eV, with force constants above 1 eV/A^2
    assert formation == pytest.approx(found["formation", "value"].value[0], abs=1e-6)


def test_relaxed_structure_is_written(folder):
    atoms = ase.io.read(folder / "vacancy.xyz")
    same = ase.io.read(folder / "vacancy.poscar", format="vasp")
    assert len(atoms) == len(same) == 26
    np.testing.assert_allclose(same.cell, atoms.cell, atol=1e-10)
    atoms.calc = Hpcfit(folder / "job.run.h5")
    # the relaxation ends at gradients below 1e-8; positions are written with eight decimals
    assert np.abs(atoms.get_forces()).max() < 1e-7
    assert abs(np.trace(atoms.get_stress(voigt=False))) < 1e-8
