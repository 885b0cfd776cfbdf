"""Phonons against supercells, elastic constants and hand-made wave vectors."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hpcfit.fit import Fit, prepare, read
from hpcfit.parallel.communicator import Serial
from hpcfit.records import Modification
from hpcfit.structure.modifying import modify
from hpcfit.structure.observables.phonon_frequencies import supercell, wave_vector
from hpcfit.units import GPA
from tests.helpers.structure_works import (
    aluminium_model,
    lattice,
    plain,
    plain_block,
    silicon_model,
    structure,
)

MASS = 26.9815


def frequencies(model, one, q):
    properties = [plain("phonon-frequencies", 3 * len(one.atoms), arguments={"q": q})]
    made = structure("s", one.atoms, properties)
    return plain_block(model, made, masses=(MASS, MASS)).linearise(model.start)[0]


@pytest.mark.parametrize(
    "text", ["0 0 0", "1/2 0 0", "1/3 1/3 0", "0.25 -1/2 3/4", "5/6 1/10 7/4", "2/5 0 1/5"]
)
def test_supercell_is_the_smallest_in_which_the_wave_repeats(text):
    q = wave_vector(text)
    multiples = supercell(q)
    for row in multiples:
        assert sum(a * b for a, b in zip(q, row, strict=True)).denominator == 1
    size = multiples[0][0] * multiples[1][1] * multiples[2][2]
    assert size == np.lcm.reduce([part.denominator for part in q])


def test_wave_vectors():
    assert wave_vector("0.25 -1/3 2") == (Fraction(1, 4), Fraction(-1, 3), Fraction(2))
    for text, message in (
        ("1/2 0", "allowed three numbers"),
        ("a 0 0", "found 'a 0 0'"),
        ("1/0 0 0", "allowed three numbers"),
        ("0.3333 0 0", "repeats after 10000 cells, found '0.3333 0 0', allowed 1000"),
    ):
        with pytest.raises(ValueError, match=message):
            wave_vector(text)


def test_waves_are_those_of_a_larger_cell(tmp_path):
    """The modes of a cell of four at rest are those of the primitive cell at the waves that fit in."""
    model = aluminium_model(tmp_path)
    fcc = lattice("fcc", {"lattice-parameter": 3.785})
    large = structure("l", modify(fcc.atoms, Modification("repeat", numbers=(2, 2, 1))))
    waves = ("0 0 0", "1/2 0 0", "0 1/2 0", "1/2 1/2 0")
    folded = np.sort(np.concatenate([frequencies(model, fcc, q) for q in waves]))
    np.testing.assert_allclose(frequencies(model, large, "0 0 0"), folded, rtol=1e-7, atol=1e-12)
    assert (folded[:3] == 0).all()
    assert folded[3] > 1


def test_long_waves_are_sound(tmp_path):
    """Along a cube's edge: v = sqrt(C11/rho) and sqrt(C44/rho), THz from Pa and amu."""
    model = aluminium_model(tmp_path)
    a = 3.785060956410387
    properties = [plain("C11"), plain("C44")]
    fcc = lattice("fcc", {"lattice-parameter": a}, properties)
    c11, c44 = plain_block(model, fcc).linearise(model.start)[0] / GPA * 1e9
    density = 4 * MASS * 1.66053906660e-27 / (a * 1e-10) ** 3
    n = 60
    wavelength = n / 2 * a * 1e-10
    expected = np.sqrt(np.array([c44, c44, c11]) / density) / wavelength * 1e-12
    # The dispersion is of the order of (pi/n)^2.
    np.testing.assert_allclose(frequencies(model, fcc, f"0 1/{n} 1/{n}"), expected, rtol=2 * (np.pi / n) ** 2)


def test_modes_of_two_masses(tmp_path):
    """The optical mode at rest moves with the reduced mass, and its levels are degenerate."""
    model = silicon_model(tmp_path)
    properties = [plain("phonon-frequencies", 6)]
    one = lattice("diamond", {"lattice-parameter": 5.428}, properties)
    equal = plain_block(model, one, masses=(28.0,)).linearise(model.start)
    light = plain_block(model, one, masses=(7.0,)).linearise(model.start)
    np.testing.assert_allclose(2 * equal, light, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(equal[:, 3:], equal[:, 3:4] * np.ones(3), rtol=1e-7, atol=1e-9)
    assert not equal[:, :3].any()


def test_waves_along_what_is_not_periodic(tmp_path):
    model = silicon_model(tmp_path)
    layer = lattice("graphene", {"lattice-parameter": 3.8})
    with pytest.raises(Exception, match="wave along a direction that is not periodic, found '0 0 1/2'"):
        frequencies(model, layer, "0 0 1/2")


NEAREST = """<job><name>springs</name><atom-types><species mass="27">Al</species></atom-types>
<potentials><morse id="M"><D0>0.5</D0><alpha>1.5</alpha><r0>2.8</r0><cutoff>3</cutoff></morse></potentials>
<structures>{structures}</structures></job>
"""
SPRINGS = """<{form}-lattice id="{form}{k}"><atom-type>Al</atom-type><lattice-parameter>{a!r}</lattice-parameter>
<properties><phonon-frequencies q="{q}"/></properties></{form}-lattice>"""
#: sqrt(eV/Angstrom^2/amu) / (2 pi) in THz, CODATA 2018.
THZ = 15.633302


def _fcc(zeta):
    """M omega^2 / K along 2 pi/a (zeta, 0, 0): 4 sin^2(zeta pi/2) twice and 8 sin^2."""
    sine = np.sin(np.pi * zeta / 2) ** 2
    return [4 * sine, 4 * sine, 8 * sine]


def _sc(zeta):
    """M omega^2 / K along 2 pi/a (zeta, 0, 0): one chain, and no force across it."""
    return [0.0, 0.0, 4 * np.sin(np.pi * zeta) ** 2]


def _bcc(zeta):
    """M omega^2 / K along 2 pi/a (zeta, 0, 0), the same for all polarisations: 16/3 sin^2(zeta pi/2)."""
    return [16 / 3 * np.sin(np.pi * zeta / 2) ** 2] * 3


@pytest.mark.parametrize(
    ("form", "a", "cells", "dispersion"),
    [
        ("fcc", 2.8 * 2**0.5, ((0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)), _fcc),
        ("bcc", 2.8 * 2 / 3**0.5, ((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5)), _bcc),
        ("sc", 2.8, np.eye(3), _sc),
    ],
)
def test_dispersion_of_springs_between_neighbours(tmp_path, form, a, cells, dispersion):
    """q_i = a_i k / (2 pi) along 100: the basis is the own cell, and no factor 2 pi is left out."""
    zetas = (1 / 8, 1 / 4, 1 / 2, 1.0)
    q = [" ".join(str(zeta * row[0]) for row in cells) for zeta in zetas]
    text = NEAREST.format(
        structures="".join(SPRINGS.format(form=form, k=k, a=a, q=one) for k, one in enumerate(q))
    )
    path = tmp_path / "job.xml"
    path.write_text(text)
    fit = Fit(prepare(lambda: read(str(path)), Serial()), Serial())
    found = fit.on_root(lambda: fit.structures(fit.local.model.start)[0])
    spring = 2 * 0.5 * 1.5**2
    for zeta, outcome in zip(zetas, found, strict=True):
        (values,) = (one.value for one in outcome.properties if one.name == "phonon-frequencies")
        expected = np.sort(np.sqrt(np.array(dispersion(zeta)) * spring / 27)) * THZ
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=2e-3)
