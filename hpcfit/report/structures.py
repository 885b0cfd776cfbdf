"""The job's own structures in the log, with properties and targets, in atomicrex's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hpcfit.records import FloatArray, Parameter, State
from hpcfit.runfile.header import RunHeader, Style
from hpcfit.runfile.outcomes import DERIVED, UNRELAXED, PropertyOutcome, StructureOutcome

#: Default number of digits.
_DIGITS = 6


def start_lines(header: RunHeader, values: FloatArray, n_fitted: int) -> list[str]:
    """Return the log of a fit of own structures before it starts.

    Parameters
    ----------
    header
        Header of the run.
    values
        [n_parameters], start values.
    n_fitted
        Number of fitted properties of own structures.
    """
    lines = parameter_lines(header.parameters, values, header.style)
    return [*lines, f"Number of properties being fitted: {n_fitted}"]


def parameter_lines(parameters: Sequence[Parameter], values: FloatArray, style: Style) -> list[str]:
    """Return the free parameters, with bounds if any, then the dependent ones."""
    pairs = [*zip(parameters, values.tolist(), strict=True)]
    free = [_parameter(p, value, style) for p, value in pairs if p.free]
    dependent = [_parameter(p, value, style) for p, value in pairs if p.constraint]
    lines = [f"Potential parameters being optimized (#dof={len(free)}):", *free]
    return [*lines, "Dependent DOFs:", *dependent] if dependent else lines


def end_lines(header: RunHeader, state: State) -> list[str]:
    """Return the log of a fit of own structures at its end."""
    return [
        f"Iterations {state.iteration} residual {header.loss.text(state.cost)}",
        "Fitting process complete.",
    ]


def structure_lines(outcomes: Sequence[StructureOutcome], style: Style) -> list[str]:
    """Return every structure with its properties, then the residuals of training and validation set."""
    lines = [line for outcome in outcomes for line in outcome_lines(outcome, style)]
    properties = [prop for outcome in outcomes for prop in outcome.properties if prop.has_target]
    training = [prop for prop in properties if prop.fit]
    validation = [prop for prop in properties if not prop.fit]
    # an empty set has no line: datasets may hold all that is fitted
    sets = (("Training set", training), ("Validation set", validation))
    return [*lines, *(_set(name, own, style) for name, own in sets if own)]


def failure_lines(outcomes: Sequence[StructureOutcome]) -> list[str]:
    """Return a warning for every failed relaxation and every derived property without a value."""
    return [
        f"warning: {'derived property' if o.kind == DERIVED else 'structure'} '{o.id}': {o.failure}"
        for o in outcomes
        if o.failure
    ]


def _parameter(parameter: Parameter, value: float, style: Style) -> str:
    bounds = _bounds(parameter.minimum, parameter.maximum, style)
    return f"  {parameter.path}: {style.number(value, _DIGITS)}{bounds}"


def _bounds(minimum: float, maximum: float, style: Style) -> str:
    if np.isinf(minimum) and np.isinf(maximum):
        return ""
    return f" [{style.number(minimum, _DIGITS)}:{style.number(maximum, _DIGITS)}]"


def outcome_lines(outcome: StructureOutcome, style: Style) -> Iterator[str]:
    """Yield the lines of one structure or derived property."""
    if outcome.kind == DERIVED:
        yield f"Derived property '{outcome.id}':"
    else:
        yield f"Structure '{outcome.id}':"
    for prop in outcome.properties:
        yield from _property(prop, style)
    if style.shows("debug"):
        yield from _atoms(outcome, style)


def _property(prop: PropertyOutcome, style: Style) -> Iterator[str]:
    if len(prop.value) == 1:
        yield f"  {prop.name}: {_scalar(prop, style)}{_comparison(prop, style)}"
        return
    rows, targets = _rows(prop, prop.value), _rows(prop, prop.target)
    target = f" (target: avg/max difference {_sizes(rows - targets, prop, style)})" if prop.has_target else ""
    yield f"  {prop.name} avg/max: {_sizes(rows, prop, style)}{target}{_comparison(prop, style)}"
    if prop.all_components or style.shows("maximum"):
        for k, (row, wanted) in enumerate(zip(rows, targets, strict=True)):
            beside = f" (target: {_row(wanted, style)}{_unit(prop)})" if prop.has_target else ""
            yield f"  {prop.name}: {k} {_row(row, style)}{beside}"


def _scalar(prop: PropertyOutcome, style: Style) -> str:
    text = f"{style.number(prop.value[0], _DIGITS)}{_unit(prop)}"
    if prop.has_target:
        text += f" (target: {style.number(prop.target[0], _DIGITS)}{_unit(prop)})"
    if style.shows("maximum"):
        text += f" (before the fit: {style.number(prop.start[0], _DIGITS)}{_unit(prop)})"
    return text


def _unit(prop: PropertyOutcome) -> str:
    """Return the unit after a space, empty for a pure number."""
    return "" if prop.unit == "1" else f" {prop.unit}"


def _comparison(prop: PropertyOutcome, style: Style) -> str:
    parts = []
    if prop.fit:
        parts.append(f"Abs. weight: {style.number(prop.weight, _DIGITS)}")
    if prop.has_target:
        if prop.style == "squared":
            parts.append(f"Tolerance: {style.number(prop.tolerance, _DIGITS)}")
        else:
            parts.append(f"Style: {prop.style}")
        named, residual = ("Weighted residual", prop.residual) if prop.fit else ("Residual", prop.deviation)
        parts.append(f"{named}: {style.number(residual, _DIGITS)}")
    text = f" {'; '.join(parts)}" if parts else ""
    if prop.state:
        text += f" ({prop.state})"
    return text if prop.state == UNRELAXED else text + _bounds(prop.minimum, prop.maximum, style)


def _rows(prop: PropertyOutcome, components: FloatArray) -> FloatArray:
    """Return the items of a vector as rows: forces on atoms, else single components."""
    return components.reshape(-1, 3 if prop.name.startswith("atomic-forces") else 1)


def _sizes(rows: FloatArray, prop: PropertyOutcome, style: Style) -> str:
    sizes = np.sqrt((rows**2).sum(axis=1))
    return f"{style.number(sizes.mean(), _DIGITS)}/{style.number(sizes.max(), _DIGITS)}{_unit(prop)}"


def _row(row: FloatArray, style: Style) -> str:
    numbers = [style.number(value, _DIGITS) for value in row]
    return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"


def _set(name: str, properties: Sequence[PropertyOutcome], style: Style) -> str:
    n = sum(len(prop.value) for prop in properties)
    text = f"{name}: {len(properties)} properties, {n} values"
    if not n:
        return text
    if properties[0].fit:
        text += f", weighted residual {style.number(sum(prop.residual for prop in properties), _DIGITS)}"
    mean = sum(prop.deviation for prop in properties) / n
    return f"{text}, mean residual of a value {style.number(mean, _DIGITS)}"


def _atoms(outcome: StructureOutcome, style: Style) -> Iterator[str]:
    for vector in outcome.cell:
        yield f"  cell: {_row(vector, style)} A"
    for k, (symbol, position) in enumerate(zip(outcome.symbols, outcome.position, strict=True)):
        yield f"  atom: {k} {symbol} {_row(position, style)} A"
