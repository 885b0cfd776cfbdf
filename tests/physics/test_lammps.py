"""Energies, forces and virials of every potential against LAMMPS on random periodic cells, small ones included."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from tests.physics.lammps_cases import lammps_answers, upright
from tests.physics.oracle_cells import Structure
from tests.physics.oracle_kernels import kernel_values, largest_error
from tests.physics.oracle_samples import (
    CASES,
    FORMS,
    SAMPLES,
    sample_parameters,
    sample_structures,
    tables,
)

COMPARED = [(name, n_species) for name, n_species in CASES if SAMPLES[name].lammps]


def _structures(name: str, n_species: int) -> list[tuple[str, Structure]]:
    return [
        (f"{label}, seed {seed}", structure)
        for seed in (1, 2, 3)
        for label, structure in sample_structures(name, n_species, seed).items()
        if all(structure.pbc)
    ]


def _case(name: str, n_species: int, structure: Structure) -> dict[str, Any]:
    form, style = FORMS[name], SAMPLES[name].lammps
    assert style is not None
    cell, turn = upright(structure)
    table = tables(form, sample_parameters(form, n_species).astype(object), n_species)
    return {
        **style(table, n_species),
        "n_types": n_species,
        "cell": cell.tolist(),
        "positions": (structure.position @ turn).tolist(),
        "types": (structure.species + 1).tolist(),
    }


@functools.cache
def _answers() -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Return what LAMMPS makes of all structures, all from one process."""
    cases = {key: [_case(*key, structure) for _, structure in _structures(*key)] for key in COMPARED}
    answers = iter(lammps_answers([case for group in cases.values() for case in group]))
    return {key: [next(answers) for _ in group] for key, group in cases.items()}


@pytest.mark.parametrize(("name", "n_species"), COMPARED)
def test_energies_forces_and_virials(name: str, n_species: int) -> None:
    structures = _structures(name, n_species)
    for (label, structure), wanted in zip(structures, _answers()[name, n_species], strict=True):
        found = kernel_values(name, [structure], n_species)
        turn = upright(structure)[1]
        virial = turn.T @ found.virials[0, 0][[[0, 5, 4], [5, 1, 3], [4, 3, 2]]] @ turn
        forces, scale = np.array(wanted["forces"]), max(abs(wanted["energy"]), 1.0)
        # The issue asks for 1e-10; measured 4e-14. One atom's forces cancel, so the energy is their measure.
        assert abs(found.energies[0, 0] - wanted["energy"]) < 1e-10 * scale, label
        assert np.abs(found.forces[0] @ turn - forces).max() < 1e-10 * max(np.abs(forces).max(), scale), label
        found_virial = virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
        assert largest_error(found_virial, np.array(wanted["virial"])) < 1e-10, label
