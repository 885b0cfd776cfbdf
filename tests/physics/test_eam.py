"""Embedded atoms beyond the generic tests: atomicrex's own numbers, and functions that are singular at density 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import Geometry, NotFinite, evaluate, potential_forms
from hpcfit.records import Function, Parameter, Potential
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_kernels import split

FORM = next(form for form in potential_forms() if form.name == "eam")


def _function(
    id_: str,
    formula: str,
    variable: str,
    cutoff: float = np.inf,
    screening: Function | None = None,
    **p: float,
) -> Function:
    parameters = tuple(Parameter(f"EAM.{id_}.{n}", "", v, -np.inf, np.inf, True) for n, v in p.items())
    return Function(
        id_, "user-function", tuple(p), parameters, formula, variable, cutoff, screening=screening
    )


SCREENING = _function("screening", "1 - 1/(1 + ((r-cutoff)/3)^4)", "r", 6.5)
FUNCTIONS = (
    _function("V", "A*exp(-lambda*r)", "r", 6.5, SCREENING, A=500.0, **{"lambda": 2.73}),
    _function("rho", "exp(-twomu*r)", "r", 6.5, SCREENING, twomu=1.14),
    _function("F", "-D*sqrt(rho)", "rho", D=8.0),
)
POTENTIAL = Potential(
    "EAM", "eam", tuple(p for f in FUNCTIONS for p in f.all_parameters), FUNCTIONS, (0, 1, 2)
)


def _columns(structures: list[Structure]) -> tuple[np.ndarray, NotFinite | None]:
    free = np.arange(4, dtype=np.int32)
    functions = compile_potential(POTENTIAL, FORM, 1, free.tolist())
    geometry = Geometry(batch_of(structures, 6.6, 1))
    columns = np.zeros((5, geometry.n_rows(True)))
    parameters = np.array([p.start for p in POTENTIAL.parameters])
    return columns, evaluate("eam", geometry, parameters, free, columns, True, functions)


def test_atomicrex_agrees_to_all_its_digits() -> None:
    table = np.loadtxt(Path(__file__).with_name("aluminium.txt"))
    crystal = Structure(12.15 * np.eye(3), (True, True, True), table[:, :3], np.zeros(108, dtype=np.int32))
    columns, not_finite = _columns([crystal])
    assert not_finite is None
    found = split(columns, 1)
    # Positions are printed to 1e-8 A and forces to 1e-6 eV/A.
    assert abs(found.energies[0, 0] - -406.2048673321) < 2e-8
    assert np.abs(found.forces[0] - table[:, 3:]).max() < 6e-7


def test_atom_without_density() -> None:
    """The slope of the square root is infinite there, and no atom feels it."""
    position = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.5], [20.0, 0.0, 0.0]])
    far = Structure(50 * np.eye(3), (False, False, False), position, np.zeros(3, dtype=np.int32))
    near = Structure(far.cell, far.pbc, position[:2], far.species[:2])
    columns, not_finite = _columns([far, near])
    assert not_finite is None
    assert np.isfinite(columns).all()
    found = split(columns, 2)
    assert np.array_equal(found.energies[:, 0], found.energies[:, 1])
    assert np.array_equal(found.forces[:, :3], np.insert(found.forces[:, 3:], 2, 0.0, axis=1))
    assert (np.abs(found.forces[:, :2]).max(axis=(1, 2)) > 1e-3).all()
