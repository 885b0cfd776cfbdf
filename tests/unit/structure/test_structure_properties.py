"""Properties against other ways to have them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.records import Atoms, Modification
from hpcfit.structure.modifying import modify
from hpcfit.structure.observing import FORMS
from hpcfit.structure.relax.degrees_of_freedom import voigt_strain
from hpcfit.units import BAR, GPA
from tests.helpers.structure_works import (
    ELASTIC,
    STRESSES,
    aluminium_model,
    lattice,
    plain,
    plain_block,
    silicon_model,
    structure,
    wanted,
)

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "atomicrex.md"


def measured(model, one, *names, **arguments):
    """The values of scalars of a structure."""
    made = replace(one, properties=tuple(plain(name, arguments=arguments) for name in names))
    return plain_block(model, made).linearise(model.start)[0].copy()


def test_stress_is_the_derivative_of_the_energy(tmp_path):
    model = silicon_model(tmp_path)
    one = lattice("diamond", {"lattice-parameter": 5.3})
    one = structure(
        "s", replace(one.atoms, position=one.atoms.position + np.array([[0, 0, 0], [0.1, 0.2, -0.1]]))
    )
    stresses = measured(model, one, *STRESSES)
    volume = measured(model, one, "total-volume")[0]
    for component, found in enumerate(stresses):
        energies = []
        for h in (-2e-3, -1e-3, 1e-3, 2e-3):
            gradient = np.eye(3) + h * voigt_strain(component)
            strained = modify(one.atoms, Modification("deformation", numbers=tuple(gradient.ravel())))
            energies.append(measured(model, structure("s", strained), "total-energy")[0])
        slope = (energies[0] - 8 * energies[1] + 8 * energies[2] - energies[3]) / 12e-3
        assert found == pytest.approx(-slope / volume, rel=1e-8, abs=1e-11)
    assert measured(model, one, "pressure")[0] == pytest.approx(stresses[:3].mean(), rel=1e-13)


def test_signs_and_units(tmp_path):
    """Positive in compression; bar and GPa are what they are."""
    model = aluminium_model(tmp_path)
    narrow, wide = (
        measured(model, lattice("fcc", {"lattice-parameter": a}), "pressure")[0] for a in (3.7, 3.9)
    )
    assert narrow > 0 > wide
    sizes = {form.name: form.size for form in FORMS.values()}
    assert {name for name, size in sizes.items() if size == 1.0} == {
        form.name
        for form in FORMS.values()
        if form.unit in {"eV", "eV/atom", "A", "A^2", "A^3", "A^3/atom", "eV/A", "THz", "1"}
    }
    assert sizes["pressure"] == sizes["pxy"] == BAR
    assert sizes["C44"] == sizes["bulk-modulus"] == GPA
    assert pytest.approx(160.21766) == 1 / GPA


def test_cubic_elastic_constants(tmp_path):
    model = aluminium_model(tmp_path)
    one = lattice("fcc", {"lattice-parameter": 3.785060956410387})
    found = dict(zip(ELASTIC, measured(model, one, *ELASTIC), strict=True))
    alike = [("C11", "C22", "C33"), ("C12", "C13", "C23"), ("C44", "C55", "C66")]
    for names in alike:
        for name in names:
            assert found.pop(name) == pytest.approx(measured(model, one, names[0])[0], rel=1e-9)
    # The 12 others vanish by symmetry.
    assert len(found) == 12
    assert np.abs(list(found.values())).max() < 1e-11
    c11, c12, bulk = measured(model, one, "C11", "C12", "bulk-modulus")
    assert bulk == pytest.approx((c11 + 2 * c12) / 3, rel=1e-9)


def test_stress_strain_coefficients_under_pressure(tmp_path):
    """At a pressure they are not second derivatives of the energy: C12 = E''/V + p, C44 = E''/V - p/2."""
    model = aluminium_model(tmp_path)
    one = lattice("fcc", {"lattice-parameter": 3.6})
    c11, c12, c44, p, volume, bulk = measured(
        model, one, "C11", "C12", "C44", "pressure", "total-volume", "bulk-modulus"
    )
    assert p > 10 * GPA

    def energy(strain):
        gradient = np.eye(3) + strain
        atoms = modify(one.atoms, Modification("deformation", numbers=tuple(gradient.ravel())))
        return measured(model, structure("s", atoms), "total-energy")[0]

    def second(strain):
        h = 2e-3
        ends = [energy(k * h * strain) for k in (-2, -1, 0, 1, 2)]
        return np.dot([-1, 16, -30, 16, -1], ends) / (12 * h**2) / volume

    x, y = voigt_strain(0), voigt_strain(1)
    assert c11 == pytest.approx(second(x), rel=1e-6)
    assert c12 == pytest.approx((second(x + y) - second(x - y)) / 4 + p, rel=1e-6)
    assert c44 == pytest.approx(second(voigt_strain(3)) - p / 2, rel=1e-6)
    # dE/dx = -3 p V0 (1 + x)^2, so that E'' = 9 B V0 - 6 p V0.
    assert bulk == pytest.approx((second(np.eye(3)) + 6 * p) / 9, rel=1e-6)


@pytest.mark.parametrize(("name", "lattice_name"), [("C44", "diamond"), ("C66", "hcp"), ("C11", "hcp")])
def test_relaxed_ions_come_to_rest(tmp_path, name, lattice_name):
    """The stress of a strained cell whose atoms relax, by differences."""
    row, column = ELASTIC[name]
    if lattice_name == "diamond":
        model, one = silicon_model(tmp_path), lattice("diamond", {"lattice-parameter": 5.428})
    else:
        model = aluminium_model(tmp_path)
        one = lattice("hcp", {"lattice-parameter": 2.6764, "ca-ratio": 1.6335})
    relaxed = measured(model, one, name, ions="relaxed")[0]
    clamped = measured(model, one, name)[0]
    h, stresses = 1e-3, []
    for k in (-2, -1, 1, 2):
        gradient = np.eye(3) + k * h * voigt_strain(row)
        atoms = modify(one.atoms, Modification("deformation", numbers=tuple(gradient.ravel())))
        strained = structure("s", atoms, [plain(STRESSES[column])], ["atom-coordinates"])
        stresses.append(-plain_block(model, strained).linearise(model.start)[0, 0])
    slope = np.dot([1, -8, 8, -1], stresses) / (12 * h)
    assert relaxed == pytest.approx(slope, rel=1e-8)
    assert relaxed < 0.95 * clamped


def test_energy_volume_curve_and_bulk_modulus(tmp_path):
    """B and its pressure derivative from pressures of structures of other sizes."""
    model = aluminium_model(tmp_path)
    a = 3.785060956410387
    one = lattice("fcc", {"lattice-parameter": a})
    bulk, derivative, volume = measured(model, one, "bulk-modulus", "bulk-modulus-derivative", "total-volume")
    h = 2e-3
    sizes = [lattice("fcc", {"lattice-parameter": a * (1 + k * h / 3)}) for k in (-2, -1, 0, 1, 2)]
    bulks = [measured(model, size, "bulk-modulus")[0] for size in sizes]
    pressures = [measured(model, size, "pressure")[0] for size in sizes]
    weights = np.array([1, -8, 0, 8, -1]) / (12 * h)
    assert bulk == pytest.approx(-weights @ pressures, rel=1e-5)
    assert derivative == pytest.approx((weights @ bulks) / (weights @ pressures), rel=1e-5)
    scales = ("0.9", "1", "1.1")
    curve = replace(
        one,
        properties=(
            plain("energy-volume", 3, arguments={"scales": " ".join(scales)}),
            plain(
                "energy-volume",
                3,
                arguments={"volumes": " ".join(repr(float(volume) * float(s)) for s in scales)},
            ),
        ),
    )
    rows = plain_block(model, curve).linearise(model.start)[0]
    direct = [
        measured(model, lattice("fcc", {"lattice-parameter": a * float(s) ** (1 / 3)}), "atomic-energy")[0]
        for s in scales
    ]
    np.testing.assert_allclose(rows, direct * 2, rtol=1e-12)


def test_user_structure_with_forces(tmp_path):
    """T4: a distorted cell of 108 atoms."""
    if not REFERENCE.exists():
        pytest.skip("../shared/reference is not there")
    text = REFERENCE.read_text().split("## Appendix: T4")[1]
    lines = re.findall(r"^\s*\d+\s+-?\d.*$", text, re.M)
    rows = np.array([[float(word) for word in line.split()] for line in lines])
    atoms = Atoms(
        np.zeros(108, np.int32), 12.15 * np.eye(3), np.ones(3, bool), np.ascontiguousarray(rows[:, 1:4])
    )
    forces = wanted("atomic-forces", rows[:, 4:].ravel())
    model = aluminium_model(tmp_path)
    made = plain_block(model, structure("T4", atoms, [plain("total-energy"), forces]))
    found = made.linearise(model.start)[0]
    # Positions have eight decimals, forces six; the tolerance of forces is 0.01 eV/A.
    assert found[0] == pytest.approx(-406.2048673321, abs=2e-7)
    assert np.abs(found[1:]).max() * 0.01 < 6e-7


def test_structures_without_volume(tmp_path):
    model = silicon_model(tmp_path)
    layer = lattice("graphene", {"lattice-parameter": 3.9}, [plain("total-energy")])
    (result,), _ = plain_block(model, layer).results(model.start)
    assert set(result.values) == {"total-energy", "atomic-energy"}
    with pytest.raises(Exception, match="C11 of a structure whose cell has no volume"):
        measured(model, layer, "C11")
