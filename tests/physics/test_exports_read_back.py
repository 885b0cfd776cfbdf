"""Exported forms that are known by their names alone, whichever kernels are there: LAMMPS against the literature."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.export.formats import column_files, meam_spline, setfl
from hpcfit.export.source import DensityRange, ExportSource
from hpcfit.export.written import Written
from hpcfit.potential.library import potential_forms
from hpcfit.records import (
    Function,
    ParameterForm,
    ParameterKind,
    Potential,
    PotentialForm,
    RoleForm,
    species_tuples,
)
from tests.physics import export_samples
from tests.physics.export_samples import function, parameter
from tests.physics.lammps_cases import lammps_answers

RECORDS = {form.name: form.record for form in potential_forms()}

COMMENTS = ("UNITS: metal", "job", "hash")

#: J. Tersoff, Phys. Rev. B 38, 9902 (1988), table I; its silicon binds by 4.63 eV at 5.432 A.
TERSOFF = dict(
    zip(
        (
            "m",
            "gamma",
            "lambda3",
            "c",
            "d",
            "costheta0",
            "n",
            "beta",
            "lambda2",
            "B",
            "R",
            "D",
            "lambda1",
            "A",
        ),
        (3.0, 1.0, 1.3258, 4.8381, 2.0417, 0.0, 22.956, 0.33675, 1.3258, 95.373, 3.0, 0.2, 3.2394, 3264.7),
        strict=True,
    )
)

#: J. F. Justo et al., Phys. Rev. B 58, 2539 (1998), table I; its silicon binds by 4.650 eV at 5.430 A.
EDIP = {
    "A": 7.9821730,
    "B": 1.5075463,
    "cutoffA": 3.1213820,
    "cutoffC": 2.5609104,
    "alpha": 3.1083847,
    "beta": 0.0070975,
    "eta": 0.2523244,
    "gamma": 1.1247945,
    "lambda": 1.4533108,
    "mu": 0.6966326,
    "rho": 1.2085196,
    "sigma": 0.5774108,
    "Q0": 312.1341346,
    "u1": -0.165799,
    "u2": 32.557,
    "u3": 0.286198,
    "u4": 0.66,
}

#: T. Kumagai et al., Comput. Mater. Sci. 39, 457 (2007), table 4; its silicon binds by 4.63 eV at 5.429 A.
TERSOFF_MOD = {
    "beta": 1.0,
    "alpha": 2.3890327,
    "h": -0.365,
    "eta": 1.0,
    "lambda2": 1.345797,
    "B": 121.00047,
    "R": 3.0,
    "D": 0.3,
    "lambda1": 3.2300135,
    "A": 3281.5905,
    "n": 1 / (2 * 0.53298909),
    "c1": 0.20173476,
    "c2": 730418.72,
    "c3": 1000000.0,
    "c4": 1.0,
    "c5": 26.0,
}

#: A dimer of iron; its bond has the length r0 and the energy -D0.
ABOP = {
    "D0": 1.5,
    "S": 2.0693109,
    "r0": 2.29,
    "beta": 1.4,
    "gamma": 0.0115751,
    "c": 1.2898716,
    "d": 0.3413219,
    "h": -0.26,
    "twomu": 0.0,
    "beta2": 1.0,
    "powern": 1.0,
    "m": 1.0,
    "bigr": 3.15,
    "bigd": 0.2,
}

_DIAMOND = (
    np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0], [1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 4
)


def source_of(
    form: str,
    kinds: dict[str, ParameterKind],
    values: dict[tuple[str, tuple[int, ...]], float],
    n_species: int,
) -> ExportSource:
    """Return a potential with values by name and combination of species."""
    rows = tuple(
        ParameterForm(name, "1", "", kind, -math.inf, math.inf, True) for name, kind in kinds.items()
    )
    parameters = tuple(
        parameter(f"P.{row.name}{found}", values[row.name, found])
        for row in rows
        for found in species_tuples(row.kind, n_species)
    )
    known = PotentialForm(form, "", "", rows, record=RECORDS[form])
    potential = Potential("P", form, parameters)
    return ExportSource(export_samples.SPECIES[:n_species], potential, known, COMMENTS, export_samples.FILE)


def uniform(form: str, values: dict[str, float], kind: ParameterKind) -> ExportSource:
    """Return a potential of one species."""
    only = species_tuples(kind, 1)[0]
    given = {(name, only): value for name, value in values.items()}
    return source_of(form, dict.fromkeys(values, kind), given, 1)


def _case(written: Written, cell: Any, positions: Any, types: list[int], n_types: int) -> dict[str, Any]:
    return {
        "units": "metal",
        "commands": list(written.commands),
        "file": export_samples.FILE,
        "text": written.text,
        "n_types": n_types,
        "cell": np.asarray(cell, dtype=float).tolist(),
        "positions": np.asarray(positions, dtype=float).tolist(),
        "types": types,
    }


def _energies(*cases: dict[str, Any]) -> list[float]:
    return [float(answer["energy"]) for answer in lammps_answers(cases)]


def _crystal(written: Written, a: float) -> dict[str, Any]:
    return _case(written, a * np.eye(3), a * _DIAMOND, [1] * 8, 1)


@pytest.mark.parametrize("kind", [ParameterKind.PAIR, ParameterKind.ORDERED_TRIPLET])
def test_tersoffs_silicon(kind: ParameterKind) -> None:
    written = column_files.write(uniform("tersoff", TERSOFF, kind))
    (energy,) = _energies(_crystal(written, 5.432))
    assert energy / 8 == pytest.approx(-4.63, abs=0.005)


def test_kumagais_silicon() -> None:
    written = column_files.write(uniform("tersoff-mod", TERSOFF_MOD, ParameterKind.ORDERED_TRIPLET))
    (energy,) = _energies(_crystal(written, 5.429))
    assert energy / 8 == pytest.approx(-4.63, abs=0.005)


def test_edips_silicon() -> None:
    written = column_files.write(uniform("edip", EDIP, ParameterKind.ORDERED_TRIPLET))
    assert written.commands[0] == "pair_style edip/multi"
    assert len(written.notes) == 1
    (energy,) = _energies(_crystal(written, 5.430))
    assert energy / 8 == pytest.approx(-4.650, abs=0.0005)


def test_a_bond_of_iron() -> None:
    written = column_files.write(uniform("abop", ABOP, ParameterKind.ORDERED_TRIPLET))
    r0, h = ABOP["r0"], 0.01
    cases = [
        _case(written, 20 * np.eye(3), [[5, 5, 5], [5, 5, 5 + r]], [1, 1], 1) for r in (r0 - h, r0, r0 + h)
    ]
    energies = _energies(*cases)
    assert energies[1] == pytest.approx(-ABOP["D0"], rel=1e-12)
    assert energies[1] == min(energies)


def test_parameters_of_pairs_are_those_of_the_bond() -> None:
    kinds = dict.fromkeys(TERSOFF, ParameterKind.ORDERED_PAIR)
    values = {
        (name, pair): value + 0.01 * (2 * pair[0] + pair[1])
        for name, value in TERSOFF.items()
        for pair in species_tuples(ParameterKind.ORDERED_PAIR, 2)
    }
    text = column_files.write(source_of("tersoff", kinds, values, 2)).text
    rows = {
        tuple(line.split()[:3]): line.split()[3:] for line in text.splitlines() if not line.startswith("#")
    }
    assert len(rows) == 8
    names = list(TERSOFF)
    for triplet in itertools.product(range(2), repeat=3):
        row = rows[tuple(export_samples.SPECIES[k] for k in triplet)]
        assert float(row[names.index("A")]) == values["A", (triplet[0], triplet[1])]


ROLES = {
    "pair-interaction": ParameterKind.PAIR,
    "electron-density": ParameterKind.ORDERED_PAIR,
    "embedding-energy": ParameterKind.SPECIES,
    "u-function": ParameterKind.PAIR,
    "w-function": ParameterKind.PAIR,
}


MEAM_ROLES = {
    "pair-interaction": ParameterKind.PAIR,
    "electron-density": ParameterKind.ORDERED_PAIR,
    "embedding-energy": ParameterKind.SPECIES,
    "f-function": ParameterKind.ORDERED_PAIR,
    "g-function": ParameterKind.TRIPLET,
}


def _built(form: str, kinds: dict[str, ParameterKind]) -> ExportSource:
    """Return functions of two species, all different where they may be."""
    cut = "*(cutoff-r)^3"
    made: list[Function] = []
    for role, kind in kinds.items():
        for found in species_tuples(kind, 2):
            of_neighbours = kind in (ParameterKind.ORDERED_PAIR, ParameterKind.TRIPLET)
            strength = 1.0 + 0.3 * sum(found[1:] if of_neighbours else found)
            if role == "embedding-energy":
                made.append(function(f"F{found}", "-D*(r+9)^0.5", D=strength))
            elif role == "g-function":
                made.append(function(f"g{found}", "s*(r+0.3)^2", s=strength))
            else:
                made.append(function(f"{role}{found}", f"s*exp(-r){cut}", 5.0, s=0.1 * strength))
    roles = tuple(
        RoleForm(
            role, "", kind, {"embedding-energy": "density", "g-function": "cosine"}.get(role, "distance")
        )
        for role, kind in kinds.items()
    )
    potential = Potential(
        "P", form, tuple(p for f in made for p in f.all_parameters), tuple(made), tuple(range(len(made)))
    )
    known = PotentialForm(form, "", "", (), roles)
    met = DensityRange(0.0, 5.0, 1.0)
    return ExportSource(
        export_samples.SPECIES[:2], potential, known, COMMENTS, export_samples.FILE, densities=met
    )


def _adp_energy(positions: Any, species: list[int]) -> float:
    """Return the energy of Y. Mishin, M. J. Mehl and D. A. Papaconstantopoulos, Acta Mater. 53, 4029 (2005), eq. 1."""
    energy = 0.0
    for i, a in enumerate(species):
        density, dipole, quadrupole = 0.0, np.zeros(3), np.zeros((3, 3))
        for j, b in enumerate(species):
            vector = positions[j] - positions[i]
            r = float(np.sqrt(vector @ vector))
            if i == j or r >= 5.0:
                continue
            value = 0.1 * math.exp(-r) * (5.0 - r) ** 3
            of_pair = value * (1.0 + 0.3 * (a + b))
            energy += of_pair / 2
            density += value * (1.0 + 0.3 * b)
            dipole += of_pair * vector
            quadrupole += of_pair * np.outer(vector, vector)
        energy += -(1.0 + 0.3 * a) * math.sqrt(density + 9.0)
        energy += (dipole @ dipole) / 2 + (quadrupole**2).sum() / 2 - np.trace(quadrupole) ** 2 / 6
    return energy


def _cluster() -> tuple[Any, list[int]]:
    rng = np.random.default_rng(4)
    positions = np.array([[x, y, z] for x in (0, 2.2) for y in (0, 2.2) for z in (0, 2.2)]) + 8.0
    return positions + rng.uniform(-0.3, 0.3, positions.shape), [0, 1, 1, 0, 0, 1, 0, 1]


def test_angular_dependent_potential() -> None:
    positions, species = _cluster()
    written = setfl.write_adp(_built("adp", ROLES))
    (energy,) = _energies(_case(written, 20 * np.eye(3), positions, [k + 1 for k in species], 2))
    assert energy == pytest.approx(_adp_energy(positions, species), rel=1e-10)


def _meam_energy(positions: Any, species: list[int]) -> float:
    """Return the energy with every angle counted once, less the energies of embedding at no density."""
    energy = 0.0
    for i, a in enumerate(species):
        density, bonds = 0.0, []
        for j, b in enumerate(species):
            vector = positions[j] - positions[i]
            r = float(np.sqrt(vector @ vector))
            if i == j or r >= 5.0:
                continue
            value = 0.1 * math.exp(-r) * (5.0 - r) ** 3
            energy += value * (1.0 + 0.3 * (a + b)) / 2
            density += value * (1.0 + 0.3 * b)
            bonds.append((b, value * (1.0 + 0.3 * b), vector / r))
        for (b, first, u), (c, second, v) in itertools.combinations(bonds, 2):
            density += first * second * (1.0 + 0.3 * (b + c)) * (float(u @ v) + 0.3) ** 2
        energy -= (1.0 + 0.3 * a) * (math.sqrt(density + 9.0) - 3.0)
    return energy


def test_spline_meam() -> None:
    positions, species = _cluster()
    written = meam_spline.write(_built("meam", MEAM_ROLES))
    (energy,) = _energies(_case(written, 20 * np.eye(3), positions, [k + 1 for k in species], 2))
    assert energy == pytest.approx(_meam_energy(positions, species), rel=1e-10)
    assert written.notes[-2:] == (
        "LAMMPS omits F(0) = -3 eV of every atom of Si",
        "LAMMPS omits F(0) = -3.9000000000000004 eV of every atom of C",
    )


def test_functions_that_lammps_does_not_have() -> None:
    source = _built("meam", MEAM_ROLES)
    first = next(k for k, made in enumerate(source.potential.functions) if made.id.startswith("g"))
    roles = list(source.potential.roles)
    roles[first] = roles[first + 1]
    changed = replace(source, potential=replace(source.potential, roles=tuple(roles)))
    with pytest.raises(InputError, match="g-function of Si and Si depends on the central atom"):
        meam_spline.write(changed)
