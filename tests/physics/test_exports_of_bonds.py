"""Exports of potentials that see certain bonds alone, or have fewer values than LAMMPS needs."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.export.exporting import Settings, export
from hpcfit.job.potentials.combinations import Combinations
from hpcfit.objective.model import Model
from hpcfit.records import Bonds, Potential, species_tuples
from hpcfit.runfile.fitted_job import FinalJob
from tests.physics.export_samples import FILE, embedded_atoms, final_job, final_of_form
from tests.physics.lammps_cases import lammps_answers, upright
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_samples import FORMS, sample_structures

BONDS = Bonds(0, 1)


def _restricted(form: str) -> FinalJob:
    (potential,) = final_of_form(form, 3).job.potentials
    return final_job(replace(potential, bonds=BONDS), 3)


def _embedded(densities: str) -> FinalJob:
    """Return embedded atoms as the reader of a job leaves them: without functions for bonds that are not seen."""
    whole = embedded_atoms(3, densities)
    kinds = [role.kind for role in FORMS["eam"].roles]
    every = [found for kind in kinds for found in species_tuples(kind, 3)]
    roles = [place if BONDS.seen(*found) else -1 for place, found in zip(whole.roles, every, strict=True)]
    return final_job(replace(whole, roles=tuple(roles), bonds=BONDS), 3)


def _classic() -> FinalJob:
    (whole,) = final_of_form("abop", 3).job.potentials
    rows, combinations = FORMS["abop"].parameters, Combinations(Bonds(), True, 3)
    every = [(row.name, found) for row in rows for found in species_tuples(row.kind, 3)]
    own = {(row.name, found) for row in rows for found in combinations.own(row.kind)}
    kept = tuple(p for key, p in zip(every, whole.parameters, strict=True) if key in own)
    return final_job(Potential("P", "abop", kept, places=combinations.places(rows)), 3)


CASES = {
    "lammps-lj": ("lennard-jones", lambda: _restricted("lennard-jones")),
    "lammps-morse": ("morse", lambda: _restricted("morse")),
    "lammps-buck": ("buckingham", lambda: _restricted("buckingham")),
    "lammps-born": ("born-mayer-huggins", lambda: _restricted("born-mayer-huggins")),
    "lammps-sw": ("stillinger-weber", lambda: _restricted("stillinger-weber")),
    "eam-fs": ("stillinger-weber", lambda: _embedded("by pair")),
    "lammps-tersoff": ("abop", _classic),
}


def _structures(name: str) -> list[Structure]:
    return [s for s in sample_structures(CASES[name][0], 3).values() if all(s.pbc)]


@functools.cache
def _answers() -> dict[str, list[dict[str, Any]]]:
    cases = {}
    for name, (_, make) in CASES.items():
        largest = 60.0 if name == "eam-fs" else None
        written = export(make(), name, FILE, "", Settings(largest_density=largest))
        cases[name] = [
            {
                "units": "metal",
                "commands": list(written.commands),
                "file": FILE,
                "text": written.text,
                "n_types": 3,
                "cell": upright(structure)[0].tolist(),
                "positions": (structure.position @ upright(structure)[1]).tolist(),
                "types": (structure.species + 1).tolist(),
            }
            for structure in _structures(name)
        ]
    answers = iter(lammps_answers([case for group in cases.values() for case in group]))
    return {name: [next(answers) for _ in group] for name, group in cases.items()}


@pytest.mark.parametrize("name", CASES)
def test_lammps_reads_the_same_energies(name: str) -> None:
    model, largest = Model(CASES[name][1]().job), 0.0
    for structure, wanted in zip(_structures(name), _answers()[name], strict=True):
        geometry = model.geometry(batch_of([structure], model.cutoff, 3))
        columns = np.zeros((1, geometry.n_rows(False)))
        assert model.evaluate(geometry, model.start, columns, virials=False) is None
        energy, forces = float(columns[0, 0]), columns[0, 1:].reshape(-1, 3)
        scale = max(abs(energy), 1.0)
        # That of tables of 10,000 points is below this too.
        assert abs(wanted["energy"] - energy) < 1e-9 * scale
        found = np.array(wanted["forces"]) @ upright(structure)[1].T
        assert np.abs(found - forces).max() < 1e-9 * max(np.abs(forces).max(), scale)
        largest = max(largest, abs(energy))
    assert largest > 1e-3


@pytest.mark.parametrize(("name", "form"), [("lammps-edip", "edip"), ("lammps-tersoff-mod", "tersoff-mod")])
def test_formats_without_a_way_to_leave_bonds_out(name: str, form: str) -> None:
    with pytest.raises(InputError) as caught:
        export(_restricted(form), name, FILE, "", Settings())
    what = f"P: the format {name} has no species-a or species-b"
    assert str(caught.value) == f'{FILE}: {what}, allowed "*" for both'


def test_densities_by_element_do_not_leave_bonds_out() -> None:
    with pytest.raises(InputError, match="depends on the atom that receives it"):
        export(_embedded("by neighbour"), "eam-alloy", FILE, "", Settings(largest_density=60.0))


def test_tables_of_all_pairs() -> None:
    with pytest.raises(InputError, match="no function for a pair, which LAMMPS needs"):
        export(_embedded("none"), "table", FILE, "", Settings(inner=1.8))
