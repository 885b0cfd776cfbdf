"""Checks a structure before anything is computed."""

from __future__ import annotations

import numpy as np

from hpcfit.records import Structure, WantedProperty
from hpcfit.structure.observing import observe
from hpcfit.structure.relax.degrees_of_freedom import DegreesOfFreedom
from hpcfit.units import LONGEST


def check(structure: Structure) -> list[tuple[int, str]]:
    """Return the faults of a structure with their lines."""
    faults: list[tuple[int, str]] = []
    atoms = structure.atoms
    largest = max(float(np.abs(lengths).max(initial=0.0)) for lengths in (atoms.cell, atoms.position))
    if not largest <= LONGEST:
        what = "cell or positions of the structure are too large"
        return [(structure.line, f"{what}, found {largest:.0e} A, allowed {LONGEST:g} A; lengths are in A")]
    try:
        DegreesOfFreedom(structure)
    except ValueError as error:
        faults.append((structure.line, str(error)))
    for wanted in structure.properties:
        try:
            _check_property(structure, wanted)
        except ValueError as error:
            faults.append((wanted.line or structure.line, str(error)))
    return faults


def _check_property(structure: Structure, wanted: WantedProperty) -> None:
    # The values of masses do not matter here.
    masses = [1.0] * (int(structure.atoms.species.max(initial=0)) + 1)
    n = observe(structure, wanted.name, wanted.arguments, masses).n
    if (wanted.fit or wanted.target) and len(wanted.target) != n:
        raise ValueError(f"target of {wanted.name}, found {len(wanted.target)} numbers, allowed {n}")
    if wanted.fit and wanted.style == "squared-relative" and 0.0 in wanted.target:
        raise ValueError(f"residual-style of {wanted.name}, found squared-relative with a target of 0")
