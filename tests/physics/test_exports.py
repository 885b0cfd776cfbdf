"""Exported potentials, loaded by LAMMPS, against the kernels on random periodic cells."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pytest

from hpcfit.export.exported import Exported
from hpcfit.export.exporting import FORMATS, Settings, export
from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import Geometry, evaluate, potential_forms
from hpcfit.records import FloatArray, Potential
from tests.physics import export_samples
from tests.physics.export_samples import embedded_atoms, final_job, final_of_form
from tests.physics.lammps_cases import lammps_answers, upright
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_kernels import kernel_values
from tests.physics.oracle_samples import CASES, FORMS, sample_structures

#: Every format with every form of fixed parameters that it takes.
ANALYTIC = [
    (format_name, form, n_species)
    for format_name, known in FORMATS.items()
    for form, n_species in CASES
    if known.holds(FORMS[form]) and not FORMS[form].roles
]


def _case(written: Exported, n_species: int, structure: Structure) -> dict[str, Any]:
    cell, turn = upright(structure)
    return {
        "units": "metal",
        "commands": list(written.commands),
        "file": export_samples.FILE,
        "text": written.text,
        "n_types": n_species,
        "cell": cell.tolist(),
        "positions": (structure.position @ turn).tolist(),
        "types": (structure.species + 1).tolist(),
    }


def _assert_same(
    structures: list[Structure],
    answers: list[dict[str, Any]],
    values: list[tuple[float, FloatArray]],
    error: float,
) -> None:
    """Compare energies and forces; `error` is relative to the energy and to the largest force or the energy."""
    for structure, wanted, (energy, forces) in zip(structures, answers, values, strict=True):
        scale = max(abs(energy), 1.0)
        assert abs(wanted["energy"] - energy) < error * scale
        found = np.array(wanted["forces"]) @ upright(structure)[1].T
        assert np.abs(found - forces).max() < error * max(np.abs(forces).max(), scale)


def _periodic(form: str, n_species: int) -> list[Structure]:
    return [s for seed in (1, 2) for s in sample_structures(form, n_species, seed).values() if all(s.pbc)]


@functools.cache
def _analytic_answers() -> dict[tuple[str, str, int], list[dict[str, Any]]]:
    cases = {}
    for name, form, n_species in ANALYTIC:
        written = export(final_of_form(form, n_species), name, export_samples.FILE, "", Settings())
        cases[name, form, n_species] = [_case(written, n_species, s) for s in _periodic(form, n_species)]
    answers = iter(lammps_answers([case for group in cases.values() for case in group]))
    return {key: [next(answers) for _ in group] for key, group in cases.items()}


@pytest.mark.parametrize(("name", "form", "n_species"), ANALYTIC)
def test_analytic_forms(name: str, form: str, n_species: int) -> None:
    structures = _periodic(form, n_species)
    values = []
    for structure in structures:
        found = kernel_values(form, [structure], n_species)
        values.append((float(found.energies[0, 0]), found.forces[0]))
    _assert_same(structures, _analytic_answers()[name, form, n_species], values, 1e-9)


#: Potentials made of formulas: one species in a file by neighbour, several in one by pair.
OF_FORMULAS = [
    ("eam-alloy" if n_species == 1 else "eam-fs", form, n_species)
    for form, n_species in CASES
    if FORMS[form].record.formulas and FORMS[form].kernel == "eam"
]


@pytest.mark.parametrize(("name", "form", "n_species"), OF_FORMULAS)
def test_forms_made_of_formulas(name: str, form: str, n_species: int) -> None:
    """The error is that of cubics through 10,000 points (measured 3e-10)."""
    structures = _periodic(form, n_species)
    final = final_of_form(form, n_species)
    written = export(final, name, export_samples.FILE, "", Settings(largest_density=200.0))
    values = []
    for structure in structures:
        found = kernel_values(form, [structure], n_species)
        values.append((float(found.energies[0, 0]), found.forces[0]))
    answers = lammps_answers([_case(written, n_species, s) for s in structures])
    _assert_same(structures, answers, values, 1e-9)


def _values(potential: Potential, n_species: int, structure: Structure) -> tuple[float, FloatArray]:
    form = next(form for form in potential_forms() if form.name == potential.form)
    functions = compile_potential(potential, form, n_species, ())
    geometry = Geometry(batch_of([structure], export_samples.CUTOFF, n_species))
    columns = np.zeros((1, geometry.n_rows(False)))
    parameters = np.array([p.start for p in potential.parameters])
    free = np.zeros(0, np.int32)
    assert evaluate(potential.form, geometry, parameters, free, columns, False, functions) is None
    return float(columns[0, 0]), columns[0, 1:].reshape(-1, 3)


TABLES = [
    ("eam-alloy", "by neighbour", 1),
    ("eam-alloy", "by neighbour", 2),
    ("eam-fs", "by pair", 1),
    ("eam-fs", "by pair", 3),
    ("table", "none", 1),
    ("table", "none", 2),
]
RESOLUTIONS = (1000, 10000)


@functools.cache
def _table_answers() -> dict[tuple[str, int, int], tuple[Exported, list[dict[str, Any]]]]:
    cases, files = {}, {}
    for name, densities, n_species in TABLES:
        for resolution in RESOLUTIONS:
            potential = embedded_atoms(n_species, densities)
            largest = None if name == "table" else 60.0
            settings = Settings(resolution=resolution, largest_density=largest, inner=1.8)
            written = export(final_job(potential, n_species), name, export_samples.FILE, "", settings)
            files[name, n_species, resolution] = written
            cases[name, n_species, resolution] = [
                _case(written, n_species, s) for s in _periodic("stillinger-weber", n_species)
            ]
    answers = iter(lammps_answers([case for group in cases.values() for case in group]))
    return {key: (files[key], [next(answers) for _ in group]) for key, group in cases.items()}


@pytest.mark.parametrize(("name", "densities", "n_species"), TABLES)
def test_tables(name: str, densities: str, n_species: int) -> None:
    structures = _periodic("stillinger-weber", n_species)
    potential = embedded_atoms(n_species, densities)
    values = [_values(potential, n_species, structure) for structure in structures]
    _assert_same(structures, _table_answers()[name, n_species, 10000][1], values, 1e-9)


@pytest.mark.parametrize(("name", "densities", "n_species"), TABLES)
def test_errors_of_tables_are_those_printed(name: str, densities: str, n_species: int) -> None:
    """At a coarse resolution the energies differ by something, and by no more than the notes say."""
    structures = _periodic("stillinger-weber", n_species)
    potential = embedded_atoms(n_species, densities)
    written, answers = _table_answers()[name, n_species, 1000]
    noted = [float(text) for note in written.notes for text in re.findall(r" (\d\.\de[-+]\d+)", note)]
    for structure, wanted in zip(structures, answers, strict=True):
        energy, _ = _values(potential, n_species, structure)
        n_pairs = len(batch_of([structure], export_samples.CUTOFF, n_species).neighbour)
        error = abs(wanted["energy"] - energy)
        # Each pair's energy, each contribution to a density (times a slope of F below 2) and each F may be wrong.
        assert error < max(noted) * 3 * n_pairs + 1e-13 * abs(energy)
    assert error > 1e-15 * n_pairs
