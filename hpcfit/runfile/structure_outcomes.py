"""Outcomes of own structures from the results of blocks, in the order of the job and in printed units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hpcfit.objective.plan import Plan
from hpcfit.objective.structures.inputs import is_input
from hpcfit.records import DerivedProperty, PropertyForm, Structure, StructureResult, WantedProperty
from hpcfit.runfile.outcomes import DERIVED, INPUT, RELAXED, UNRELAXED, PropertyOutcome, StructureOutcome
from hpcfit.structure.catalogue import structure_catalogue

#: Of every block of own structures: results of structures, and values of derived properties.
BlockResults = Sequence[tuple[list[StructureResult], list[float]]]


def structure_outcomes(plan: Plan, start: BlockResults, end: BlockResults) -> tuple[StructureOutcome, ...]:
    """Return the outcome of every own structure, then of every derived property, in the order of the job.

    Parameters
    ----------
    plan
        The job and its weights.
    start, end
        Results at the job's start values and at the end.
    """
    first, last = _by_id(start), _by_id(end)
    structures = [
        structure_outcome(plan.job.species, structure, weights, (first[structure.id], last[structure.id]))
        for structure, weights in zip(plan.job.own_structures, plan.weights.structures, strict=True)
    ]
    before, after = _derived_values(plan, start), _derived_values(plan, end)
    derived = [
        _derived(prop, weight, before[prop.id], after[prop.id])
        for prop, weight in zip(plan.job.derived, plan.weights.derived, strict=True)
    ]
    return (*structures, *derived)


def _by_id(results: BlockResults) -> dict[str, StructureResult]:
    return {result.id: result for block, _ in results for result in block}


def _derived_values(plan: Plan, results: BlockResults) -> dict[str, float]:
    pairs = zip(plan.structure_blocks, results, strict=True)
    return {
        prop.id: value
        for block, (_, values) in pairs
        for prop, value in zip(block.plan.derived, values, strict=True)
    }


def structure_outcome(
    species: Sequence[str],
    structure: Structure,
    weights: Sequence[float],
    results: tuple[StructureResult, StructureResult],
) -> StructureOutcome:
    """Return the outcome of one structure.

    Parameters
    ----------
    species
        Symbols of the job.
    structure
        The structure.
    weights
        W of every listed property.
    results
        Results at the job's start values and at the end.
    """
    forms = {form.name: form for form in structure_catalogue().properties}
    end = results[1]
    listed = dict(_named(structure.properties, weights))
    order = {name: k for k, name in enumerate(forms)}
    names = sorted(end.values, key=lambda name: order[name.partition("#")[0]])
    return StructureOutcome(
        id=structure.id,
        kind=structure.kind,
        failure=end.failure,
        cell=end.atoms.cell,
        pbc=end.atoms.pbc,
        symbols=tuple(species[k] for k in end.atoms.species),
        position=end.atoms.position,
        properties=tuple(
            _property(structure, name, forms[name.partition("#")[0]], listed.get(name), results)
            for name in names
        ),
    )


def _named(
    properties: Sequence[WantedProperty], weights: Sequence[float]
) -> Iterator[tuple[str, tuple[WantedProperty, float]]]:
    """Yield the listed properties with their names in results."""
    seen: dict[str, int] = {}
    for prop, weight in zip(properties, weights, strict=True):
        number = seen[prop.name] = seen.get(prop.name, 0) + 1
        yield prop.name if number == 1 else f"{prop.name}#{number}", (prop, weight)


def _property(
    structure: Structure,
    name: str,
    form: PropertyForm,
    listed: tuple[WantedProperty, float] | None,
    results: tuple[StructureResult, StructureResult],
) -> PropertyOutcome:
    start, value = (np.atleast_1d(result.values[name]) / form.size for result in results)
    wanted, weight = listed or (WantedProperty(name, False, (), 1.0, form.size, "squared"), 0.0)
    mirrored = next((f for f in structure.relaxed if f.name == form.mirrors), None)
    target = np.array(wanted.target or (np.nan,)) / form.size
    # one NaN stands for a whole vector: of a structure that did not relax, or of a missing target
    start, value, target = (part.copy() for part in np.broadcast_arrays(start, value, target))
    return PropertyOutcome(
        name=name,
        unit=form.unit,
        fit=wanted.fit,
        style=wanted.style,
        tolerance=wanted.tolerance / form.size,
        state=_state(form, structure, wanted),
        weight=weight,
        minimum=mirrored.minimum / form.size if mirrored else -np.inf,
        maximum=mirrored.maximum / form.size if mirrored else np.inf,
        all_components=wanted.all_components,
        start=start,
        value=value,
        target=target,
    )


def _state(form: PropertyForm, structure: Structure, wanted: WantedProperty) -> str:
    if structure.relaxed and not wanted.relaxed:
        return UNRELAXED
    if any(degree.name == form.mirrors for degree in structure.relaxed):
        return RELAXED
    # Volumes are always listed; only with a target they look like predictions.
    return INPUT if is_input(form, structure, wanted) and (form.mirrors or wanted.target) else ""


def _derived(prop: DerivedProperty, weight: float, start: float, value: float) -> StructureOutcome:
    wanted = prop.wanted
    outcome = PropertyOutcome(
        name="value",
        unit=prop.unit,
        fit=wanted.fit,
        style=wanted.style,
        tolerance=wanted.tolerance,
        state="",
        weight=weight,
        minimum=-np.inf,
        maximum=np.inf,
        all_components=False,
        start=np.array([start]),
        value=np.array([value]),
        target=np.array(wanted.target or (np.nan,)),
    )
    nothing = np.zeros((0, 3))
    failure = "" if np.isfinite(value) else "not finite, or a structure in it is not"
    return StructureOutcome(
        prop.id, DERIVED, failure, np.zeros((3, 3)), np.zeros(3, bool), (), nothing, (outcome,)
    )
