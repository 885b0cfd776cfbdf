"""Warnings of properties whose values do not depend on the potential: inputs, and what a relaxation makes zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpcfit.records import CELL, Job, PropertyForm, Structure, WantedProperty
from hpcfit.structure.observing import FORMS


def is_input(form: PropertyForm, structure: Structure, wanted: WantedProperty) -> bool:
    """Return whether a property has the value of the job whatever the potential is."""
    relaxed = {degree.name for degree in structure.relaxed} if wanted.relaxed else set()
    return bool(form.follows) and relaxed.isdisjoint(form.follows)


def input_warnings(job: Job) -> Iterator[str]:
    """Yield a warning for every target beside a value that does not depend on the potential."""
    for structure in job.own_structures:
        for wanted in structure.properties:
            if wanted.target and (what := _independent(structure, wanted)):
                yield f"{job.place(wanted.line)}: <{wanted.name}> of '{structure.id}' {what}"


def _independent(structure: Structure, wanted: WantedProperty) -> str:
    form = FORMS[wanted.name]
    if is_input(form, structure, wanted):
        if wanted.fit and form.mirrors:
            return ""  # the job's reader has said that it never changes
        if structure.relaxed and not wanted.relaxed:
            return "before the relaxation is the job's own value"
        return f"is not relaxed: the job's own value, allowed with {_named(form.follows)} in <relax-dof>"
    zero = [degree.name for degree in structure.relaxed if degree.name in form.vanishes]
    if zero and wanted.relaxed:
        return f"is 0 after the relaxation of {_named(zero)}, allowed relax='false'"
    return ""


def _named(degrees: Sequence[str]) -> str:
    elements = ("<cell>" if name in CELL else f"<{name}>" for name in degrees)
    return " or ".join(dict.fromkeys(elements))
