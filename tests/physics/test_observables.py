"""Every property of structures against an oracle from energies alone (`test_relaxed_jacobians` has the Jacobians).

A property has its sample in the file of `tests/observables` with the name of its record's file.
"""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.structure.evaluation_requests import Images
from hpcfit.structure.observing import FORMS
from tests.helpers.structure_works import lattice, plain, plain_block, silicon_model, structure
from tests.observables import FILES, missing, samples


def label(sample):
    return " ".join([sample.name, *sample.arguments.values()])


@pytest.mark.parametrize("name", FILES)
def test_every_property_has_a_sample(name):
    assert not missing(name), f"write tests/observables/{name}.py with SAMPLES"
    records = importlib.import_module(f"hpcfit.structure.observables.{name}").RECORDS
    own = importlib.import_module(f"tests.observables.{name}").SAMPLES
    assert {sample.name for sample in own} == {form.name for form in records}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return silicon_model(tmp_path_factory.mktemp("silicon"))


@pytest.fixture(scope="module")
def energy(model):
    """Return the energy [eV] of atoms at the model's start."""
    evaluator = ImagesEvaluator(model, model.n_species)

    def energy_of(atoms):
        # A key of its own: neighbours are found anew.
        key = (atoms.cell.tobytes(), atoms.position.tobytes())
        images = Images(key, atoms.species, atoms.pbc, atoms.cell[None], atoms.position[None])
        evaluator._found.clear()
        return float(evaluator([images], derivatives=False)[0].energies[0, 0])

    return energy_of


def distorted():
    """Return two atoms in a cell without symmetry, under stress and forces; no shell is near the cut-off."""
    atoms = lattice("diamond", {"lattice-parameter": 5.6}).atoms
    gradient = np.array([[1.01, 0.0, 0.02], [0.0, 0.99, 0.01], [0.0, 0.0, 1.02]])
    cell, position = atoms.cell @ gradient, atoms.position @ gradient + [[0, 0, 0], [0.05, -0.1, 0.03]]
    a, _, c = np.sqrt((cell**2).sum(axis=1))
    values = {"lattice-parameter": a, "ca-ratio": c / a, "atom-distance": np.linalg.norm(position[1])}
    return structure("s", replace(atoms, cell=cell, position=position), values=values)


@pytest.mark.parametrize("sample", samples(), ids=label)
def test_oracle(model, energy, sample):
    one = replace(distorted(), properties=(plain(sample.name, sample.n(2), arguments=sample.arguments),))
    found = plain_block(model, one).linearise(model.start)[0]
    expected = np.atleast_1d(np.asarray(sample.expected(one.atoms, energy), dtype=float))
    # What vanishes by symmetry is judged by the size of its kind.
    size = {"GPa": 0.1, "bar": 0.01, "THz": 1.0}.get(FORMS[sample.name].unit, 1.0)
    assert found == pytest.approx(expected, rel=sample.rel, abs=sample.rel * size)
