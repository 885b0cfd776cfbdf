"""Jacobians of properties of structures that relax, against differences of the fully relaxed properties."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import DegreeOfFreedom, Modification
from hpcfit.structure.building import build
from hpcfit.structure.modifying import modify
from hpcfit.structure.observing import FORMS
from tests.helpers.eam_jobs import eam_job
from tests.helpers.structure_works import (
    aluminium_model,
    lattice,
    plain,
    plain_block,
    silicon_model,
    structure,
)
from tests.observables import samples


def all_properties(n_atoms, ions="clamped", mirrors=(), **changes):
    """All samples, of values of the structure those named in `mirrors`."""
    return [
        plain(sample.name, sample.n(n_atoms), arguments=sample.arguments, **changes)
        for sample in samples()
        if sample.arguments.get("ions", ions) == ions and FORMS[sample.name].mirrors in ("", *mirrors)
    ]


def values(block, x, n):
    """The listed properties after a relaxation, one after the other."""
    (result,), _ = block.results(x)
    assert not result.failure or "halted" in result.failure
    return np.concatenate(list(result.values.values())[:n])


def check(model, one, atol=3e-9):
    """Compare derivatives by the logarithms of parameters.

    They are of the order of the properties. Values are good to some 1e-13, of which a step of 1e-3 makes 1e-10; of the
    derivative of the bulk modulus, which has a third derivative of the energy, ten times as much.
    """
    block, n = plain_block(model, one), len(one.properties)
    rows = block.linearise(model.start).copy()
    np.testing.assert_allclose(rows[0], values(block, model.start, n), rtol=1e-9, atol=1e-11)
    for k, x in enumerate(model.start):
        estimates = []
        for step in (1e-3, 2e-3, 4e-3):
            ends = [
                values(block, model.start + sign * step * x * np.eye(model.n_free)[k], n) for sign in (1, -1)
            ]
            estimates.append((ends[0] - ends[1]) / (2 * step))
        once = [(4 * a - b) / 3 for a, b in itertools.pairwise(estimates)]
        numeric = (16 * once[0] - once[1]) / 15
        np.testing.assert_allclose(x * rows[1 + k], numeric, rtol=1e-6, atol=atol)
        assert np.abs(numeric).max() > 0.1
    return block


def test_face_centred_cubic(tmp_path):
    one = lattice(
        "fcc",
        {"lattice-parameter": 4.05},
        all_properties(1, mirrors=["lattice-parameter"]),
        ["lattice-parameter"],
    )
    check(aluminium_model(tmp_path), one, atol=3e-8)


@pytest.mark.parametrize("cell", [(), ("cell-full",)])
def test_hexagonal_with_all_degrees(tmp_path, cell):
    mirrors = ("lattice-parameter", "ca-ratio")
    one = lattice(
        "hcp",
        {"lattice-parameter": 2.8, "ca-ratio": 1.62},
        all_properties(2, "relaxed", mirrors),
        [*mirrors, *cell, "atom-coordinates"],
    )
    check(aluminium_model(tmp_path), one, atol=3e-8)


def test_diamond_with_relaxed_ions(tmp_path):
    one = lattice("diamond", {"lattice-parameter": 5.3}, all_properties(2, "relaxed"), ["cell-hydrostatic"])
    check(silicon_model(tmp_path), one, atol=3e-8)


def test_vacancy_with_more_freedoms_than_parameters(tmp_path):
    bulk = modify(build("fcc", [0], {"lattice-parameter": 3.8}), Modification("repeat", numbers=(2, 2, 2)))
    vacancy = modify(bulk, Modification("vacancy", site=3))
    names = ("total-energy", "total-volume", "pressure", "bulk-modulus", "C11", "C44")
    one = structure("v", vacancy, [plain(name) for name in names], ["atom-coordinates", "cell-orthorhombic"])
    block = check(aluminium_model(tmp_path), one)
    assert len(block.relaxed) == 3 + 18


def test_two_species(tmp_path):
    """Unlike atoms that attract each other more than like ones do, as in rock salt."""
    salt = """<lennard-jones id="LJ"><cutoff>6</cutoff>
        <sigma tag="NaNa">2.6</sigma> <sigma tag="NaCl">2.3</sigma> <sigma tag="ClCl">2.9</sigma>
        <epsilon tag="NaNa">0.02</epsilon> <epsilon tag="NaCl">1.1</epsilon> <epsilon tag="ClCl">0.05</epsilon>
        <fit-dof><sigma tag="NaCl"/><epsilon tag="NaCl"/><epsilon tag="ClCl"/></fit-dof></lennard-jones>"""
    model = aluminium_model(tmp_path, eam_job(salt, species=("Na", "Cl")))
    degrees = ["lattice-parameter", "atom-coordinates"]
    # Not the curves: on them pairs come to the cut-off, where these potentials jump.
    properties = [prop for prop in all_properties(2, "relaxed") if prop.name != "energy-volume"]
    one = lattice("B1", {"lattice-parameter": 5.0}, properties, degrees, species=(0, 1))
    block = plain_block(model, one, masses=(22.99, 35.45))
    energy = [prop.name for prop in properties].index("total-energy")
    assert block.linearise(model.start)[0, energy] < -5
    # The derivative of the bulk modulus is larger here, and does not depend on the depth of all wells.
    check(model, one, atol=3e-7)


def test_before_the_relaxation(tmp_path):
    """Of a structure under stress and forces."""
    atoms = build("B3", [0, 0], {"lattice-parameter": 5.3})
    moved = replace(atoms, position=atoms.position + np.array([[0, 0, 0], [0.1, -0.2, 0.05]]))
    properties = all_properties(2, "relaxed", relaxed=False)
    one = structure("s", moved, properties, ["cell-full", "atom-coordinates"])
    model = silicon_model(tmp_path)
    (result,), _ = check(model, one, atol=3e-8).results(model.start)
    assert abs(result.values["pxy"][0]) > 1e-3
    assert np.abs(result.values["atomic-forces"]).max() > 0.1


def test_halted_at_a_bound(tmp_path):
    names = ("total-energy", "pressure", "C11", "lattice-parameter")
    properties = [plain(name) for name in names]
    one = lattice(
        "fcc", {"lattice-parameter": 4.05}, properties, [DegreeOfFreedom("lattice-parameter", 3.9, 5.0)]
    )
    model = aluminium_model(tmp_path)
    block = check(model, one)
    rows = block.linearise(model.start)
    assert block.warnings == ["structure 'fcc': lattice-parameter halted at its minimum"]
    assert rows[0, 3] == pytest.approx(3.9, rel=1e-15)
    assert not rows[1:, 3].any()


@pytest.mark.parametrize("freedom", ["atom-distance", "atom-coordinates"])
def test_dimer(tmp_path, freedom):
    """Rotations of the second atom cost nothing and change nothing."""
    properties = [plain("total-energy"), plain("atom-distance"), plain("atomic-forces", 6)]
    one = lattice("dimer", {"atom-distance": 2.5}, properties, [freedom])
    block = check(aluminium_model(tmp_path), one)
    rows = block.linearise(aluminium_model(tmp_path).start)
    assert rows[0, 1] == pytest.approx(2.229313, abs=1e-6)


def test_layer(tmp_path):
    properties = [plain("total-energy"), plain("lattice-parameter"), plain("atomic-forces", 6)]
    one = lattice("graphene", {"lattice-parameter": 3.8}, properties, ["lattice-parameter"])
    check(silicon_model(tmp_path), one)
