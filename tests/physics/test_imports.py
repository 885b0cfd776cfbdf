"""Potentials out of LAMMPS's files: against LAMMPS with the same file, and back from our own exports."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcfit.export.exporting import Settings, export
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.potential.functions import compile_potential, reach, tabulate
from hpcfit.potential.library import Geometry, evaluate, potential_forms
from hpcfit.records import FloatArray, Job, Potential, ReadOptions, species_tuples
from tests.physics import export_samples
from tests.physics.export_samples import embedded_atoms, final_job, function
from tests.physics.lammps_cases import lammps_answers, upright
from tests.physics.oracle_cells import Structure, batch_of

FORMS = {form.name: form for form in potential_forms()}


def _job(folder: Path, form: str, species: tuple[str, ...], file: str, attributes: str = "") -> Job:
    elements = "".join(f"<species>{symbol}</species>" for symbol in species)
    text = f'<{form} id="P"><param-file {attributes}>{file}</param-file></{form}>'
    path = folder / "job.xml"
    path.write_text(
        f"<job><atom-types>{elements}</atom-types><potentials>{text}</potentials><structures/></job>"
    )
    return read_job(path, catalogue(), ReadOptions(structures=False))


def _values(potential: Potential, n_species: int, structure: Structure) -> tuple[float, FloatArray]:
    form = FORMS[potential.form]
    functions = compile_potential(potential, form, n_species, ())
    geometry = Geometry(batch_of([structure], reach(potential, form, n_species), n_species))
    columns = np.zeros((1, geometry.n_rows(False)))
    parameters = np.array([p.start for p in potential.parameters])
    assert evaluate(form.name, geometry, parameters, np.zeros(0, np.int32), columns, False, functions) is None
    return float(columns[0, 0]), columns[0, 1:].reshape(-1, 3)


def _crystal(a: float, n_species: int) -> Structure:
    """Return a shaken crystal of four times four times four atoms, face-centred."""
    rng = np.random.default_rng(5)
    cell = 2 * a * np.eye(3)
    places = np.array(
        [[x, y, z] for x in range(4) for y in range(4) for z in range(4) if (x + y + z) % 2 == 0]
    )
    position = places * a / 2 + rng.uniform(-0.1, 0.1, places.shape)
    return Structure(cell, (True,) * 3, position, rng.integers(0, n_species, len(places)).astype(np.int32))


def _case(structure: Structure, commands: list[str], file: str, text: str, n_species: int) -> dict[str, Any]:
    cell, turn = upright(structure)
    return {
        "units": "metal",
        "commands": commands,
        "file": file,
        "text": text,
        "n_types": n_species,
        "cell": cell.tolist(),
        "positions": (structure.position @ turn).tolist(),
        "types": (structure.species + 1).tolist(),
    }


#: Files that come with LAMMPS: form, style, species and lattice parameter.
SHIPPED = {
    "Cu_mishin1.eam.alloy": ("eam", "eam/alloy", ("Cu",), 3.6),
    "CuNi.eam.alloy": ("eam", "eam/alloy", ("Ni", "Cu"), 3.6),
    "AlO.eam.alloy": ("eam", "eam/alloy", ("Al", "O"), 4.4),
    "Fe_mm.eam.fs": ("eam", "eam/fs", ("Fe",), 3.6),
    "NiO.eam.fs": ("eam", "eam/fs", ("Ni", "O"), 4.2),
    "NiAlH_jea.eam.fs": ("eam", "eam/fs", ("Al", "Ni"), 3.8),
    "Cu_u3.eam": ("eam", "eam", ("Cu",), 3.6),
    "AlCu.adp": ("adp", "adp", ("Al", "Cu"), 3.9),
    "TiO.meam.spline": ("meam", "meam/spline", ("Ti", "O"), 4.1),
    "Si_1.meam.spline": ("meam", "meam/spline", ("Si",), 3.9),
}

#: Largest differences of energy and force relative to the energy: roundings of the same functions, measured a tenth.
OF_ENERGY, OF_FORCES = 1e-12, 1e-11


def _shipped(file: str) -> Path:
    found = importlib.util.find_spec("lammps")
    path = Path(found.origin or "").parent / "share" / "lammps" / "potentials" / file if found else None
    if path is None or not path.exists():
        pytest.skip("LAMMPS with its potential files is not installed")
    return path


@pytest.mark.parametrize("file", SHIPPED)
def test_files_of_lammps(file: str, tmp_path: Path) -> None:
    form, style, species, lattice = SHIPPED[file]
    path = _shipped(file)
    (tmp_path / file).write_text(path.read_text())
    (potential,) = _job(tmp_path, form, species, file).potentials
    structure = _crystal(lattice, len(species))
    energy, forces = _values(potential, len(species), structure)
    elements = "" if style == "eam" else " ".join(species)
    commands = [f"pair_style {style}", f"pair_coeff * * {file} {elements}"]
    (wanted,) = lammps_answers([_case(structure, commands, file, path.read_text(), len(species))])
    assert abs(wanted["energy"]) > 1
    found = np.array(wanted["forces"]) @ upright(structure)[1].T
    assert abs(energy - wanted["energy"]) < OF_ENERGY * abs(energy)
    assert np.abs(found - forces).max() < OF_FORCES * abs(energy)


def _sample(form: str, n_species: int) -> Potential:
    """Return a potential whose functions depend on no atom in the centre, as the files want it."""
    base = embedded_atoms(n_species, "by neighbour")
    if form == "eam":
        return base
    # A table of F reaches down to minus the largest density.
    functions = [replace(f, formula="-D*(r+200)^0.5") if f.id[0] == "F" else f for f in base.functions]
    roles = list(base.roles)
    for role in FORMS[form].roles[3:]:
        for place, species in enumerate(species_tuples(role.kind, n_species)):
            of_neighbours = species[1:] if len(species) == 3 or role.name == "f-function" else species
            strength, name = 0.05 + 0.02 * sum(of_neighbours), f"{role.name}{place}"
            if role.argument == "cosine":
                made = function(name, "s*(r+0.3)^2", s=strength)
            else:
                made = function(name, "s*exp(-r)*(cutoff-r)^3", export_samples.CUTOFF, s=strength)
            roles.append(len(functions))
            functions.append(made)
    parameters = tuple(p for made in functions for p in made.all_parameters)
    return Potential("P", form, parameters, tuple(functions), tuple(roles))


#: LAMMPS is not involved; the error is that of splines through 2000 points, measured 1e-11 and 4e-10 for forces.
@pytest.mark.parametrize("n_species", [1, 2])
@pytest.mark.parametrize(
    ("form", "export_format"),
    [("eam", "eam-alloy"), ("eam", "eam-fs"), ("adp", "adp"), ("meam", "meam-spline")],
)
def test_out_and_back(form: str, export_format: str, n_species: int, tmp_path: Path) -> None:
    potential, species = _sample(form, n_species), export_samples.SPECIES[:n_species]
    settings = Settings(resolution=2000, largest_density=60.0, inner=1.5)
    written = export(final_job(potential, n_species), export_format, "back", "", settings)
    (tmp_path / "back").write_text(written.text)
    (back,) = _job(tmp_path, form, species, "back").potentials
    structure = _crystal(4.0, n_species)
    energy, forces = _values(potential, n_species, structure)
    if form == "meam":  # F is exported without its value at no density
        f = {f.id: f.parameters[0].start for f in potential.functions if f.id.startswith("F")}
        energy += sum(f[f"F{kind}"] * 200**0.5 for kind in structure.species)
    found, found_forces = _values(back, n_species, structure)
    assert abs(found - energy) < 4e-11 * abs(energy)
    assert np.abs(found_forces - forces).max() < 1e-9 * abs(energy)
    assert all(p.free for p in back.parameters) == (form != "meam")


def test_splines_of_few_knots(tmp_path: Path) -> None:
    """The error is said, it is what differs, and it falls with the fourth power of the distance between knots."""
    written = export(final_job(_sample("eam", 2), 2), "eam-fs", "back", "", Settings(largest_density=60.0))
    (tmp_path / "back").write_text(written.text)
    errors = []
    for n in (20, 40):
        job = _job(tmp_path, "eam", ("Si", "C"), "back", f'knots="{n}" from="1.5"')
        pair = job.functions["P.V_SiC"]
        assert (pair.form, len(pair.knots), pair.knots[0], pair.cutoff) == (
            "spline",
            n,
            1.5,
            export_samples.CUTOFF,
        )
        assert [p.free for p in pair.parameters] == [True] * (n - 1) + [False] * 3
        embedding = job.functions["P.F_Si"]
        assert (embedding.knots[0], embedding.knots[-1]) == pytest.approx((0.0, 120.0), rel=1e-15)
        assert all(p.free for p in embedding.parameters[:n])
        assert len(job.warnings) == len(job.functions)
        (warning,) = (text for text in job.warnings if ".V_SiC:" in text)
        said = float(re.findall(r"by up to (\S+)", warning)[0])
        x = np.linspace(1.5, 5.4, 500)
        original = _sample("eam", 2).functions[1]
        own, wanted = (
            tabulate(f, np.array([p.start for p in f.all_parameters]), x)[0] for f in (pair, original)
        )
        assert 0.5 * said < np.abs(own - wanted).max() < 1.1 * said
        errors.append(said)
    assert 10 < errors[0] / errors[1] < 25
