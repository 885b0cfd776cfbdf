"""From a property that a job wants of a structure to how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hpcfit.errors import nearest
from hpcfit.records import FloatArray, Structure
from hpcfit.structure import ions, measures, phonons
from hpcfit.structure.forms import ELASTIC, PROPERTIES, STRESSES
from hpcfit.structure.measures import Measure
from hpcfit.structure.probes import Sized, Strained

FORMS = {form.name: form for form in PROPERTIES}

#: Of a structure whose cell has no volume there are these alone.
_WITHOUT_VOLUME = (
    "total-energy",
    "atomic-energy",
    "atomic-forces",
    "lattice-parameter",
    "ca-ratio",
    "atom-distance",
)


def measure(
    structure: Structure, name: str, arguments: Mapping[str, str], masses: Sequence[float]
) -> Measure:
    """Return how a property of a structure is measured.

    Parameters
    ----------
    structure
        The structure.
    name, arguments
        As in `WantedProperty`.
    masses
        Per species of the job, amu; may be empty where no phonons are wanted.

    Raises
    ------
    ValueError
        When the structure has no such property, or the arguments are faulty.
    """
    if name not in FORMS:
        raise ValueError(f"unknown property, found {name}, nearest {nearest(name, FORMS)}")
    if unknown := [key for key in arguments if key not in FORMS[name].arguments]:
        raise ValueError(f"unknown attribute of {name}, found {unknown[0]}")
    volume = abs(float(np.linalg.det(structure.atoms.cell)))
    if volume == 0.0 and name not in (*_WITHOUT_VOLUME, "phonon-frequencies"):
        raise ValueError(f"{name} of a structure whose cell has no volume")
    if FORMS[name].mirrors:
        return _mirror(structure, name)
    if name in ELASTIC:
        return _elastic(structure, name, arguments.get("ions", "clamped"))
    if name == "phonon-frequencies":
        return _phonons(structure, arguments, masses)
    if name == "energy-volume":
        return _curve(structure, arguments)
    n_atoms = float(len(structure.atoms))
    if name in STRESSES:
        return measures.stress(STRESSES.index(name))
    made: dict[str, Callable[[], Measure]] = {
        "total-energy": lambda: measures.energy(1.0),
        "atomic-energy": lambda: measures.energy(n_atoms),
        "total-volume": lambda: measures.volume(1.0),
        "atomic-volume": lambda: measures.volume(n_atoms),
        "pressure": measures.pressure,
        "bulk-modulus": measures.bulk_modulus,
        "bulk-modulus-derivative": measures.bulk_modulus_derivative,
        "atomic-forces": lambda: measures.forces(len(structure.atoms)),
    }
    return made[name]()


def _mirror(structure: Structure, name: str) -> Measure:
    if name not in structure.values:
        raise ValueError(f"{name} of a structure that has none")
    if name == "atom-distance":
        if len(structure.atoms) < 2:
            raise ValueError("atom-distance of a structure of one atom")
        return measures.distance()
    start, cell = structure.values[name], structure.atoms.cell
    return (
        measures.stretch(start, cell, 0)
        if name == "lattice-parameter"
        else measures.stretch(start, cell, 2, 0)
    )


def _elastic(structure: Structure, name: str, which: str) -> Measure:
    if which not in {"clamped", "relaxed"}:
        raise ValueError(f"ions of {name}, found '{which}', allowed clamped, relaxed")
    # With one atom there is nothing to relax.
    if which == "clamped" or len(structure.atoms) == 1:
        return measures.elastic(*ELASTIC[name])
    return ions.elastic(*ELASTIC[name], len(structure.atoms))


def _phonons(structure: Structure, arguments: Mapping[str, str], masses: Sequence[float]) -> Measure:
    q = phonons.wave_vector(arguments.get("q", "0 0 0"))
    if any(part != 0 and not periodic for part, periodic in zip(q, structure.atoms.pbc, strict=True)):
        raise ValueError(f"wave along a direction that is not periodic, found '{arguments['q']}'")
    if not masses:
        raise ValueError("phonon-frequencies without masses of the species")
    return phonons.frequencies(q, np.array(masses, dtype=np.float64)[structure.atoms.species])


def _curve(structure: Structure, arguments: Mapping[str, str]) -> Measure:
    if len(arguments) != 1:
        raise ValueError("energy-volume, allowed either volumes or scales")
    ((key, text),) = arguments.items()
    try:
        numbers: FloatArray = np.array([float(word) for word in text.split()])
    except ValueError:
        numbers = np.zeros(1)
    if len(numbers) == 0 or not ((numbers > 0) & np.isfinite(numbers)).all():
        raise ValueError(f"{key} of energy-volume, found '{text}', allowed positive numbers")
    n_atoms = len(structure.atoms)
    if key == "volumes":
        return measures.curve(tuple(Sized(float(v) * n_atoms) for v in numbers), n_atoms)
    sides = [tuple(float(x) for x in (np.eye(3) * np.cbrt(v)).ravel()) for v in numbers]
    return measures.curve(tuple(Strained(side) for side in sides), n_atoms)
