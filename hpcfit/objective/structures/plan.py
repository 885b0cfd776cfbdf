"""The job's own structures and derived properties, cut into blocks."""

from __future__ import annotations

from collections.abc import Sequence

from hpcfit.errors import Fault, InputError
from hpcfit.objective.partition import PlannedStructures, cut_structures, structure_cost
from hpcfit.objective.structures.block import StructurePlan
from hpcfit.objective.weights import Weights
from hpcfit.potential.program import Program
from hpcfit.records import Job
from hpcfit.structure.observing import FORMS


def plan_structures(
    job: Job, weights: Weights, programs: Sequence[Program], n_blocks: int | None
) -> tuple[PlannedStructures, ...]:
    """Cut own structures and derived properties into blocks of about equal cost, in the order of the job.

    A derived property is in the block of its first structure, which also computes its other terms.

    Parameters
    ----------
    job
        The job.
    weights
        Weights of everything in it.
    programs
        Programs of its derived properties.
    n_blocks
        As in `cut_structures`.
    """
    place = {structure.id: k for k, structure in enumerate(job.own_structures)}
    needs = [tuple(place[term.structure] for term in derived.terms) for derived in job.derived]
    costs = [structure_cost(structure) for structure in job.own_structures]
    with_derived = costs.copy()
    for first, *rest in needs:
        with_derived[first] += sum(costs[k] for k in {*rest} - {first})
    masses = species_masses(job)
    made = []
    for own in cut_structures(with_derived, n_blocks):
        derived = [k for k, (first, *_) in enumerate(needs) if first in own]
        others = dict.fromkeys(k for number in derived for k in needs[number] if k not in own)
        plan = _plan(job, own, [*others], derived, weights, programs, masses)
        made.append(PlannedStructures(plan, sum(with_derived[own.start : own.stop])))
    return tuple(made)


def _plan(
    job: Job,
    own: range,
    others: Sequence[int],
    derived: Sequence[int],
    weights: Weights,
    programs: Sequence[Program],
    masses: tuple[float, ...],
) -> StructurePlan:
    structures = job.own_structures
    return StructurePlan(
        structures=tuple(structures[k] for k in (*own, *others)),
        n_own=len(own),
        weights=weights.structures[own.start : own.stop],
        derived=tuple(job.derived[k] for k in derived),
        derived_weights=tuple(weights.derived[k] for k in derived),
        derived_programs=tuple(programs[k] for k in derived),
        masses=masses,
    )


def species_masses(job: Job) -> tuple[float, ...]:
    """Return the masses of the job's species, amu, if phonons need them; by default those of the elements."""
    if not any(FORMS[prop.name].needs_masses for s in job.own_structures for prop in s.properties):
        return ()
    # ASE is slow to import, and few jobs need masses.
    from ase.data import atomic_masses, atomic_numbers

    given = job.masses or (None,) * len(job.species)
    unknown = [
        s for s, mass in zip(job.species, given, strict=True) if mass is None and s not in atomic_numbers
    ]
    if unknown:
        what = "phonons need the mass of a species that is not an element"
        raise InputError([Fault(job.path, what, ", ".join(unknown), '<species mass="...">')])
    pairs = zip(job.species, given, strict=True)
    return tuple(float(atomic_masses[atomic_numbers[s]]) if mass is None else mass for s, mass in pairs)
