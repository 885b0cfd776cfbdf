"""Bond order of two species: published properties at the start, the minimum, and the file for LAMMPS."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.tersoff import Tersoff

JOBS = Path(__file__).resolve().parents[2] / "jobs" / "silicon-carbide"

#: At the start and at the end, to the digits of the README.
PROPERTIES = {
    ("SiC", "lattice-parameter"): (4.3593, 4.3596),
    ("SiC", "atomic-energy"): (-6.3392, -6.3400),
    ("SiC", "C11"): (383.8, 390.0),
    ("SiC", "C12"): (144.4, 142.0),
    ("SiC", "C44"): (239.7, 256.0),
    ("SiC", "C44#2"): (304.8, 318.3),
    ("Si", "C44"): (60.4, 81.0),
    ("C", "C11"): (1088.3, 1060.4),
    ("C", "C44"): (641.3, 624.4),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, hpcfit):
    folder = tmp_path_factory.mktemp("silicon-carbide")
    shutil.copytree(JOBS, folder, dirs_exist_ok=True)
    hpcfit(folder, "run", "job.xml")
    return folder


def test_fit(folder, outcome_of, properties_of):
    found = outcome_of(folder / "job.run.h5")
    assert found["cost"][0] == pytest.approx(4.48786, abs=5e-6)
    assert found["cost"][-1] == pytest.approx(1.780261, abs=1e-6)
    assert found["ABOP.D0[SiC]"] == pytest.approx(5.298, abs=1e-3)
    assert found["ABOP.gamma[CSiSi]"] == found["ABOP.gamma[SiCC]"] == pytest.approx(0.014714, rel=1e-3)
    properties = properties_of(folder / "job.run.h5")
    for name, (start, end) in PROPERTIES.items():
        half_unit = 5e-5 if abs(end) < 10 else 0.05
        assert properties[name].start[0] == pytest.approx(start, abs=half_unit)
        assert properties[name].value[0] == pytest.approx(end, abs=half_unit)


def test_exported_potential_has_its_minimum_at_the_lattice_parameter(folder, hpcfit, properties_of):
    """By ASE's own Tersoff potential."""
    hpcfit(folder, "export", "job.run.h5", "--format", "lammps-tersoff", "-o", "SiC.tersoff")
    found = properties_of(folder / "job.run.h5")
    a = found["SiC", "lattice-parameter"].value[0]
    energies = []
    for length in (a - 1e-3, a, a + 1e-3):
        atoms = bulk("SiC", "zincblende", a=length, cubic=True)
        atoms.calc = Tersoff.from_lammps(str(folder / "SiC.tersoff"))
        energies.append(atoms.get_potential_energy() / 8)
    assert energies[1] == pytest.approx(found["SiC", "atomic-energy"].value[0], abs=1e-9)
    slope, curvature = (energies[2] - energies[0]) / 2e-3, np.diff(energies, 2)[0] / 1e-6
    # the parabola's minimum is off by its cubic part, (1e-3)^2 E'''/(6 E'')
    assert slope / curvature == pytest.approx(0.0, abs=1e-5)
