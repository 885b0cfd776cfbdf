"""Cells, periodicity and positions in the kernels' batch: an Ewald sum of fixed charges, a kernel of the tests.

It is compiled against the kernels' headers and evaluated by the package, as if it stood in the registry.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpcfit.potential import library
from hpcfit.potential.library import Geometry, NotFinite, evaluate
from hpcfit.records import FloatArray
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_kernels import Values, richardson, split

CSRC = Path(__file__).resolve().parents[2] / "csrc"
COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler named cc")

CUTOFF = 8.0
#: Charges of two species, e, then the cut-offs of their pairs.
PARAMETERS = np.array([1.0, -1.0, *[CUTOFF] * 3])
#: k_e in eV Angstrom, and Madelung's constant of rock salt in units of the distance between neighbours.
K_E, MADELUNG = 14.399645478425668, 1.747564594633


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The record of the potential; the library that holds it must stay."""
    built = tmp_path_factory.mktemp("ewald") / "ewald.so"
    source = Path(__file__).with_name("ewald.c")
    flags = ["-std=gnu11", "-O2", "-shared", "-fPIC", f"-I{CSRC}"]
    subprocess.run([str(COMPILER), *flags, str(source), "-lm", "-o", str(built)], check=True)
    held = ctypes.CDLL(str(built))
    address = ctypes.addressof(ctypes.c_char.in_dll(held, "test_ewald"))
    return library.ffi.cast("hpcfit_potential *", address), held


@pytest.fixture(autouse=True)
def registered(kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = library._potentials(library.lib)
    monkeypatch.setattr(library, "_potentials", lambda _: known | {"ewald": kernel[0]})


def _evaluate(
    structures: list[Structure], parameters: FloatArray = PARAMETERS, n_free: int = 0
) -> tuple[Values, NotFinite | None]:
    geometry = Geometry(batch_of(structures, CUTOFF, 2), pairs=False, positions=True)
    free = np.arange(n_free, dtype=np.int32)
    columns = np.zeros((1 + n_free, geometry.n_rows(True)))
    trouble = evaluate("ewald", geometry, parameters, free, columns, True)
    return split(columns, len(structures)), trouble


def _values(*structures: Structure, parameters: FloatArray = PARAMETERS, n_free: int = 0) -> Values:
    values, trouble = _evaluate(list(structures), parameters, n_free)
    assert trouble is None
    return values


def _salt(edge: float) -> Structure:
    """Rock salt, a primitive cell."""
    cell = 0.5 * edge * (1.0 - np.eye(3))
    position = np.array([[0.0, 0.0, 0.0], [0.5 * edge] * 3])
    return Structure(cell, (True, True, True), position, np.array([0, 1], dtype=np.int32))


def _random(seed: int) -> Structure:
    """A skewed cell of atoms anywhere but on top of each other, with as many of one species as of the other."""
    rng = np.random.default_rng(seed)
    cell = 4.0 * np.eye(3) + rng.uniform(-0.8, 0.8, (3, 3))
    corners = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    position = (corners + rng.uniform(-0.08, 0.08, (4, 3))) @ cell
    return Structure(cell, (True, True, True), position, np.array([0, 1, 0, 1], dtype=np.int32))


def test_madelung_constant() -> None:
    """All digits of the constant: both sums are cut at exp(-36), and rounding is 1e-15 of terms twice the energy."""
    values = _values(_salt(5.64), _salt(6.2))
    found = -values.energies[0] * np.array([5.64, 6.2]) / 2 / K_E
    assert np.abs(found - MADELUNG).max() < 1e-12
    # The energy goes with 1 / edge: its virial is its third on each axis.
    third = values.energies[0][:, None] / 3 * np.array([1, 1, 1, 0, 0, 0])
    assert np.abs(values.virials[0] - third).max() < 1e-12 * np.abs(values.energies).max()
    assert np.abs(values.forces).max() < 1e-12


def test_translations_change_nothing() -> None:
    crystal = _random(1)
    moved = replace(crystal, position=crystal.position + np.array([1.234, -17.0, 0.77]))
    _assert_same(_values(crystal), _values(moved))


@pytest.mark.parametrize("rows", [[[1, 1, 0], [0, 1, 0], [0, -2, 1]], [[0, 1, 0], [1, 0, 0], [0, 1, 1]]])
def test_other_vectors_of_the_same_lattice_change_nothing(rows: list[list[int]]) -> None:
    """The second ones are left-handed."""
    crystal = _random(2)
    other = np.array(rows, dtype=np.float64)
    assert abs(np.linalg.det(other)) == pytest.approx(1.0)
    _assert_same(_values(crystal), _values(replace(crystal, cell=other @ crystal.cell)))


def _assert_same(one: Values, other: Values) -> None:
    # Rounding of phases of up to some hundred radians.
    for (_, a), (_, b) in zip(one.parts(), other.parts(), strict=True):
        assert np.abs(a - b).max() < 1e-11 * np.abs(a).max()


def test_a_batch_is_its_structures() -> None:
    crystals = [_random(3), _salt(5.64), _random(4)]
    together = _values(*crystals)
    alone = [_values(crystal) for crystal in crystals]
    for k, (_, whole) in enumerate(together.parts()):
        parts = np.concatenate([values.parts()[k][1][0] for values in alone])
        assert np.abs(whole[0] - parts).max() < 1e-12 * np.abs(whole).max()


def test_forces_and_virial_are_derivatives() -> None:
    crystal = _random(5)
    values = _values(crystal)

    def moved(h: float, atom: int, axis: int) -> float:
        position = crystal.position.copy()
        position[atom, axis] += h
        return float(_values(replace(crystal, position=position)).energies[0, 0])

    def strained(h: float, a: int, b: int) -> float:
        turn = np.eye(3)
        turn[a, b] += h / 2
        turn[b, a] += h / 2
        made = replace(crystal, cell=crystal.cell @ turn, position=crystal.position @ turn)
        return float(_values(made).energies[0, 0])

    # Differences of energies of some 10 eV at steps of 1e-2: rounding of 1e-12.
    for atom, axis in ((0, 0), (2, 1), (3, 2)):
        slope = richardson(lambda h, atom=atom, axis=axis: moved(h, atom, axis), 0.02, 4)
        assert -slope == pytest.approx(values.forces[0, atom, axis], abs=1e-9)
    for v, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
        slope = richardson(lambda h, a=a, b=b: strained(h, a, b), 0.02, 4)
        assert -slope == pytest.approx(values.virials[0, 0, v], abs=1e-8)


def test_derivatives_by_charges() -> None:
    """The energy is a quadratic form: a central difference of any step is its derivative. The cells are charged."""
    crystal, parameters = _random(6), np.array([1.3, -0.4, *[CUTOFF] * 3])
    exact = _values(crystal, parameters=parameters, n_free=2)
    for k in range(2):
        step = 0.5 * np.eye(5)[k]
        ahead, behind = (_values(crystal, parameters=parameters + sign * step) for sign in (1, -1))
        for (_, found), (_, a), (_, b) in zip(exact.parts(), ahead.parts(), behind.parts(), strict=True):
            assert np.abs(found[1 + k] - (a[0] - b[0])).max() < 1e-12 * np.abs(found).max()


def test_periodicity_reaches_the_kernel() -> None:
    slab = replace(_random(7), pbc=(True, True, False))
    _, trouble = _evaluate([_random(7), slab])
    assert trouble is not None
    assert trouble.structure == 1


def test_a_geometry_without_positions_is_refused() -> None:
    batch = batch_of([_salt(5.64)], CUTOFF, 2)
    geometry, none = Geometry(batch, pairs=False), np.zeros(0, dtype=np.int32)
    with pytest.raises(ValueError, match="a geometry without positions for a potential that needs them"):
        evaluate("ewald", geometry, PARAMETERS, none, np.zeros((1, geometry.n_rows(True))), True)
    bare = replace(batch, cell=None, periodic=None, position=None)
    with pytest.raises(ValueError, match="a batch without cells, periodicity and positions"):
        Geometry(bare, pairs=False, positions=True)
    assert Geometry(bare, pairs=False).n_bytes == geometry.n_bytes
