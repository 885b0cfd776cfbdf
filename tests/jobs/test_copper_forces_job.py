"""Force matching with 100 structures written in the job: errors of those fitted and of those kept back."""

import shutil
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = ROOT / "jobs" / "copper-forces"


def error(properties, name, fitted):
    """Return the root mean square error of a property over all fitted structures, or over all others."""
    chosen = [prop for (_, own), prop in properties.items() if own == name and prop.fit == fitted]
    differences = np.concatenate([prop.value - prop.target for prop in chosen])
    return len(chosen), np.sqrt((differences**2).mean())


def test_fit(tmp_path, hpcfit, outcome_of, properties_of):
    shutil.copytree(JOBS, tmp_path, dirs_exist_ok=True)
    hpcfit(tmp_path, "run", "job.xml")
    assert outcome_of(tmp_path / "job.run.h5")["cost"][-1] == pytest.approx(2.5421665, abs=1e-6)
    properties = properties_of(tmp_path / "job.run.h5")
    for fitted, n, energy, force in ((True, 80, 0.89e-3, 6.5e-3), (False, 20, 1.09e-3, 6.2e-3)):
        assert error(properties, "atomic-energy", fitted) == (n, pytest.approx(energy, abs=5e-6))
        assert error(properties, "atomic-forces", fitted) == (n, pytest.approx(force, abs=5e-5))


def test_script_makes_the_shipped_structures():
    import make_force_matching_data

    assert (JOBS / "structures.xml").read_text(encoding="utf-8") == make_force_matching_data.text()


def test_forces_of_the_script_are_derivatives():
    import make_force_matching_data as data

    atoms = next(data.structures())
    forces = data.energy_and_forces(atoms)[1]
    for atom, axis in ((0, 0), (2, 1), (3, 2)):
        energies = []
        for step in (2e-3, 1e-3, -1e-3, -2e-3):
            moved = atoms.copy()
            moved.positions[atom, axis] += step
            energies.append(data.energy_and_forces(moved)[0])
        estimate = -(-energies[0] + 8 * energies[1] - 8 * energies[2] + energies[3]) / 12e-3
        # what is left is of fourth order in a step of 1e-3 A
        assert forces[atom, axis] == pytest.approx(estimate, abs=1e-7)
