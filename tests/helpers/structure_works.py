"""Structures of a job, made without a job file, and models for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.objective.structures.block import StructureBlock, StructurePlan
from hpcfit.records import DEGREES_OF_FREEDOM, Atoms, DegreeOfFreedom, Structure, WantedProperty
from hpcfit.structure.building import build
from hpcfit.structure.observing import FORMS
from tests.helpers.eam_jobs import eam_job, read
from tests.helpers.small_jobs import potential

STRESSES = ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")

#: Row and column of the 21 elastic constants.
ELASTIC = {f"C{i + 1}{j + 1}": (i, j) for i in range(6) for j in range(i, 6)}

#: Tolerances of the preset ``balanced``, in the properties' units.
BALANCED = {"eV": 0.2, "eV/atom": 0.01, "GPa": 2.0, "A": 0.005, "eV/A": 0.01}


def wanted(
    name: str, target: float | Sequence[float] | None = None, weight: float = 1.0, **changes: object
) -> WantedProperty:
    """Return a property, fitted if there is a target, which is in the property's unit."""
    size = FORMS[name].size
    values = [] if target is None else np.atleast_1d(target) * size
    tolerance = BALANCED.get(FORMS[name].unit, 1.0) * size
    base = {"style": "squared", "tolerance": tolerance, "fit": target is not None}
    return WantedProperty(
        name=name, target=tuple(float(v) for v in values), relative_weight=weight, **{**base, **changes}
    )


def structure(
    name: str,
    atoms: Atoms,
    properties: Sequence[WantedProperty] = (),
    relaxed: Sequence[str | DegreeOfFreedom] = (),
    values: Mapping[str, float] | None = None,
    weight: float = 1.0,
) -> Structure:
    degrees = tuple(one if isinstance(one, DegreeOfFreedom) else DegreeOfFreedom(one) for one in relaxed)
    return Structure(name, 1, weight, "user-structure", atoms, values or {}, degrees, tuple(properties))


def lattice(
    name: str,
    values: Mapping[str, float],
    properties: Sequence[WantedProperty] = (),
    relaxed: Sequence[str | DegreeOfFreedom] = (),
    weight: float = 1.0,
    species: Sequence[int] = (0, 0),
) -> Structure:
    degrees = {key: value for key, value in values.items() if key in DEGREES_OF_FREEDOM}
    return structure(name, build(name, species, values), properties, relaxed, degrees, weight)


def work(*structures: Structure, masses: Sequence[float] = ()) -> StructurePlan:
    """Return a block of structures: weights as a group of them has."""
    total = sum(s.relative_weight for s in structures if any(p.fit for p in s.properties))
    weights = []
    for one in structures:
        sum_of = sum(p.relative_weight for p in one.properties if p.fit)
        share = one.relative_weight / total if total else 0.0
        weights.append(tuple(share * p.relative_weight / sum_of if p.fit else 0.0 for p in one.properties))
    return StructurePlan(structures, len(structures), tuple(weights), masses=tuple(masses))


def block(model: Model, *structures: Structure, masses: Sequence[float] = ()) -> StructureBlock:
    return StructureBlock(model, work(*structures, masses=masses))


def plain_block(model: Model, one: Structure, masses: Sequence[float] = (28.0, 28.0)) -> StructureBlock:
    """Return a block whose rows are the properties of one structure themselves, in the code's units."""
    ones = tuple(1.0 if p.fit else 0.0 for p in one.properties)
    return StructureBlock(model, StructurePlan((one,), 1, (ones,), masses=tuple(masses)))


def plain(name: str, n: int = 1, **changes: object) -> WantedProperty:
    """Return a property whose residual is its value."""
    return wanted(name, [0.0] * n, tolerance=1.0, **changes)


def silicon_model(folder: Path) -> Model:
    """Stillinger and Weber's silicon; A, B and gamma are free."""
    return Model(read(folder, eam_job(potential(A=15.28, gamma=2.51), species=("Si",))))


def t1() -> tuple[Structure, ...]:
    """The four lattices of atomicrex's aluminium."""
    fcc = (
        wanted("lattice-parameter", 4.05, 2.0),
        wanted("atomic-energy", -3.36, 2.0),
        wanted("bulk-modulus", 79),
        wanted("C11", 114),
        wanted("C12", 61.9),
        wanted("C44", 31.6),
    )
    return (
        lattice("fcc", {"lattice-parameter": 4.05}, fcc, [DegreeOfFreedom("lattice-parameter", 3, 5)], 5.0),
        lattice("bcc", {"lattice-parameter": 2.6}, [wanted("atomic-energy", -3.25, 0.1)]),
        lattice("hcp", {"lattice-parameter": 3.0, "ca-ratio": 1.6}, [wanted("atomic-energy", -3.33, 0.1)]),
        lattice("diamond", {"lattice-parameter": 5.0}, [wanted("atomic-energy", -2.36, 0.01)]),
    )


def aluminium_model(folder: Path, text: str = "") -> Model:
    return Model(read(folder, text or eam_job()))
