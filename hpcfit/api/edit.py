"""Adding and changing structures of a job; records are frozen, so each change returns a new job."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hpcfit.errors import Fault, InputError, nearest
from hpcfit.job.structures.tolerances import Tolerances
from hpcfit.records import Atoms, DegreeOfFreedom, Group, Job, PropertyForm, Structure, WantedProperty
from hpcfit.structure.catalogue import structure_catalogue

#: Values of a lattice by their names in atomicrex.
_VALUES = {"alat": "lattice-parameter", "ca_ratio": "ca-ratio", "distance": "atom-distance"}

#: Names of the arguments for the species of a lattice, by the elements of a job.
_TYPES = {"atom-type": "type", "atom-type-A": "type_A", "atom-type-B": "type_B"}


def with_structure(job: Job, structure: Structure) -> Job:
    """Return the job with one more structure at the end.

    Raises
    ------
    InputError
        If the id is taken, or the structure has faults.
    """
    _check(structure)
    owners = (job.own_structures, job.datasets, job.derived)
    if structure.id in [leaf.id for leaves in owners for leaf in leaves]:
        raise _fault(structure.id, "id is taken", structure.id)
    tree = replace(job.structures, children=(*job.structures.children, structure))
    return replace(job, structures=tree, hash=_hash(job, structure))


def with_changed(job: Job, structure: Structure) -> Job:
    """Return the job with the structure of the same id replaced.

    Raises
    ------
    InputError
        If the structure has faults.
    """
    _check(structure)
    return replace(job, structures=_changed(job.structures, structure), hash=_hash(job, structure))


def _hash(job: Job, structure: Structure) -> str:
    """Return the hash of a job with a structure of a script, so that a run detects a changed job."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return hashlib.sha256(f"{job.hash} {structure!r}".encode()).hexdigest()


def _changed(group: Group, structure: Structure) -> Group:
    children = list(group.children)
    for place, child in enumerate(children):
        if isinstance(child, Group):
            children[place] = _changed(child, structure)
        elif isinstance(child, Structure) and child.id == structure.id:
            children[place] = structure
    return replace(group, children=tuple(children))


def library_structure(job: Job, name: str, lattice: str, values: Mapping[str, float | str]) -> Structure:
    """Return a structure of the library; names as in `Job.add_library_structure`.

    Raises
    ------
    InputError
        If the lattice is unknown, or a value or species is missing or invalid.
    """
    catalogue = structure_catalogue()
    wanted = lattice.strip().replace(" ", "-").lower()
    forms = {known.lower(): form for form in catalogue.lattices for known in (form.name, *form.aliases)}
    if wanted not in forms:
        raise _fault(name, "unknown lattice", lattice, near=nearest(wanted, forms))
    form = forms[wanted]
    given = dict(values)
    species = [_species(job, name, given.pop(_TYPES[role], None), _TYPES[role]) for role in form.types]
    numbers = _numbers(name, given)
    try:
        atoms = catalogue.build(form.name, species, numbers)
    except ValueError as error:
        raise _fault(name, str(error)) from error
    start = {key: numbers.get(key, default) for key, default in form.degrees.items()}
    return Structure(name, 0, 1.0, f"{form.name}-lattice", atoms, start, (), ())


def _species(job: Job, name: str, symbol: float | str | None, key: str) -> int:
    if symbol is None and len(job.species) == 1:
        return 0
    if symbol not in job.species:
        raise _fault(name, f"{key} of a lattice", repr(symbol), ", ".join(job.species))
    return job.species.index(str(symbol))


def _numbers(name: str, given: Mapping[str, float | str]) -> dict[str, float]:
    try:
        numbers = {_VALUES.get(key, key): float(value) for key, value in given.items()}
    except (TypeError, ValueError) as error:
        raise _fault(name, str(error), allowed="numbers") from error
    if "clat" in numbers:
        numbers["ca-ratio"] = numbers.pop("clat") / numbers.get("lattice-parameter", np.nan)
    return numbers


def user_structure(name: str, atoms: Atoms) -> Structure:
    """Return a structure of given atoms."""
    return Structure(name, 0, 1.0, "user-structure", atoms, {}, (), ())


def with_target(
    job: Job, structure: Structure, name: str, target: Sequence[float], weight: float, tolerance: float | None
) -> Structure:
    """Return the structure with one more fitted property; numbers are in the printed unit.

    The default tolerance is the present one, or that of `_default`.

    Raises
    ------
    InputError
        If the property is unknown or a number is invalid.
    """
    forms = {form.name: form for form in structure_catalogue().properties}
    if name not in forms:
        raise _fault(structure.id, "unknown property", name, near=nearest(name, forms))
    form = forms[name]
    listed = next((prop for prop in structure.properties if prop.name == name), None)
    kept = listed or WantedProperty(name, True, (), 1.0, _default(job, structure, form), "squared")
    changed = replace(
        kept,
        fit=True,
        target=tuple(float(value) * form.size for value in target),
        relative_weight=float(weight),
        tolerance=kept.tolerance if tolerance is None else float(tolerance) * form.size,
    )
    numbers = (*changed.target, changed.relative_weight, changed.tolerance)
    if not np.isfinite(numbers).all() or changed.relative_weight < 0.0 or changed.tolerance <= 0.0:
        found = f"target {list(target)}, weight {weight}, tolerance {tolerance}"
        raise _fault(structure.id, f"numbers of {name}", found, "finite, tolerance above 0, weight not below")
    others = [changed if prop is listed else prop for prop in structure.properties]
    properties = others if listed else [*others, changed]
    # As in a job file, fitting a degree of freedom relaxes it.
    relaxed = structure.relaxed
    if form.mirrors and form.mirrors not in [freedom.name for freedom in relaxed]:
        relaxed = (*relaxed, DegreeOfFreedom(form.mirrors, kept.minimum, kept.maximum))
    return replace(structure, properties=tuple(properties), relaxed=relaxed)


def _default(job: Job, structure: Structure, form: PropertyForm) -> float:
    """Return the default tolerance: 1 in the printed unit for structures of scripts, as in atomicrex."""
    of_script = structure.line == 0
    return form.size if of_script else Tolerances(job.preset).default(form.unit) * form.size


def _check(structure: Structure) -> None:
    faults = structure_catalogue().check(structure)
    if faults:
        where = f"structure '{structure.id}'"
        raise InputError([Fault(where, what) for _, what in faults])


def _fault(name: str, what: str, found: str = "", allowed: str = "", near: str = "") -> InputError:
    return InputError([Fault(f"structure '{name}'", what, found, allowed, near)])
