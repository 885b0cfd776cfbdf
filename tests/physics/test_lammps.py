"""Energies, forces and virials of every potential against LAMMPS on random periodic cells, small ones included."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from lammps_cases import lammps_answers, upright
from oracle_cells import Structure
from oracle_kernels import kernel_values, largest_error
from oracle_samples import CASES, FORMS, REGISTERED, sample_parameters, sample_structures, tables


def _of_pairs(style: str, columns: str, table: dict[str, Any], n_species: int) -> dict[str, Any]:
    rows = [
        " ".join(
            [f"pair_coeff {a + 1} {b + 1}", *(repr(float(table[name][a, b])) for name in columns.split())]
        )
        for a, b in itertools.combinations_with_replacement(range(n_species), 2)
    ]
    return {"commands": [f"pair_style {style} {table['cutoff'].max()!r}", *rows], "file": "", "text": ""}


def _sw(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    lines = []
    for i, j, k in itertools.product(range(n_species), repeat=3):
        sigma = table["sigma"][i, j]
        numbers = [
            1.0,  # epsilon: our A and lambda are energies
            sigma,
            table["cutoff"][i, j] / sigma,
            table["lambda"][i, j, k],
            table["gamma"][i, j] / sigma,
            table["costheta0"][i, j, k],
            *(table[name][i, j] for name in "ABpq"),
            0.0,  # tol: no shortening of the cut-off
        ]
        lines.append(" ".join([f"s{i} s{j} s{k}", *(repr(float(x)) for x in numbers)]))
    names = " ".join(f"s{k}" for k in range(n_species))
    return {
        "commands": ["pair_style sw", f"pair_coeff * * sample.sw {names}"],
        "file": "sample.sw",
        "text": "\n".join(lines) + "\n",
    }


def _edip(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    of_pairs = ["A", "B", "cutoffA", "cutoffC", "alpha", "beta"]
    columns = [*of_pairs, "eta", "gamma", "lambda", "mu", "rho", "sigma", "Q0", "u1", "u2", "u3", "u4"]
    lines = []
    for i, j, k in itertools.product(range(n_species), repeat=3):
        at = {2: (i, j), 3: (i, j, k)}
        numbers = [repr(float(table[name][at[table[name].ndim]])) for name in columns]
        lines.append(" ".join([f"s{i} s{j} s{k}", *numbers]))
    names = " ".join(f"s{k}" for k in range(n_species))
    return {
        "commands": ["pair_style edip/multi", f"pair_coeff * * sample.edip {names}"],
        "file": "sample.edip",
        "text": "\n".join(lines) + "\n",
    }


def _bond_order(style: str, columns: str, table: dict[str, Any], n_species: int) -> dict[str, Any]:
    """Return a file with an entry for every ordered triplet; two-body parameters are those of the bond."""
    lines = []
    for i, j, k in itertools.product(range(n_species), repeat=3):
        numbers = [table[name][(i, j, k)[: table[name].ndim]] for name in columns.split()]
        lines.append(" ".join([f"s{i} s{j} s{k}", *(repr(float(x)) for x in numbers)]))
    names = " ".join(f"s{k}" for k in range(n_species))
    return {
        "commands": [f"pair_style {style}", f"pair_coeff * * sample.bonds {names}"],
        "file": "sample.bonds",
        "text": "\n".join(lines) + "\n",
    }


def _tersoff(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    return _bond_order(
        "tersoff", "m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A", table, n_species
    )


def _abop(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    s, r0 = table["S"].astype(float), table["r0"].astype(float)
    decay1, decay2 = table["beta"] * np.sqrt(2 * s), table["beta"] * np.sqrt(2 / s)
    names = {"twomu": "lambda3", "powern": "n", "beta2": "beta", "bigr": "R", "bigd": "D"}
    converted = {names.get(name, name): values for name, values in table.items() if name != "beta"}
    converted |= {"costheta0": -table["h"], "lambda1": decay1, "lambda2": decay2}
    converted["A"] = table["D0"] / (s - 1) * np.exp((decay1 * r0).astype(float))
    converted["B"] = s * table["D0"] / (s - 1) * np.exp((decay2 * r0).astype(float))
    return _tersoff(converted, n_species)


def _tersoff_mod(table: dict[str, Any], n_species: int) -> dict[str, Any]:
    columns = "beta alpha h eta beta_ters lambda2 B R D lambda1 A n c1 c2 c3 c4 c5"
    return _bond_order("tersoff/mod", columns, {**table, "beta_ters": np.ones((n_species,) * 2)}, n_species)


#: How LAMMPS says a form; a form that it has no word for is named here with None.
STYLES: dict[str, Callable[[dict[str, Any], int], dict[str, Any]] | None] = {
    "abop": _abop,
    "adp": None,  # like eam
    "born-mayer-huggins": functools.partial(_of_pairs, "born", "A rho sigma C D cutoff"),
    "buckingham": functools.partial(_of_pairs, "buck", "A rho C cutoff"),
    "chebyshev": None,  # written as a table, which is compared in test_exports.py
    "eam": None,  # reads tables, whose error is no matter of the kernels
    "edip": _edip,
    "lennard-jones": functools.partial(_of_pairs, "lj/cut", "epsilon sigma cutoff"),
    "meam": None,  # reads splines alone
    "morse": functools.partial(_of_pairs, "morse", "D0 alpha r0 cutoff"),
    "one-body": None,
    "stillinger-weber": _sw,
    "tersoff": _tersoff,
    "tersoff-mod": _tersoff_mod,
}

COMPARED = [(name, n_species) for name, n_species in CASES if STYLES.get(name)]


def _structures(name: str, n_species: int) -> list[tuple[str, Structure]]:
    return [
        (f"{label}, seed {seed}", structure)
        for seed in (1, 2, 3)
        for label, structure in sample_structures(name, n_species, seed).items()
        if all(structure.pbc)
    ]


def _case(name: str, n_species: int, structure: Structure) -> dict[str, Any]:
    form, style = FORMS[name], STYLES[name]
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


def test_every_form_is_compared_or_named_as_unknown_to_lammps() -> None:
    assert set(STYLES) == set(REGISTERED)


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
