"""The files that hold the sum of a job's potentials: as few as LAMMPS allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpcfit.errors import Fault, InputError
from hpcfit.export.curves import PAIR
from hpcfit.export.format import Format
from hpcfit.potential.library import potential_forms
from hpcfit.records import Job, Potential, PotentialForm, species_tuples

#: The format of pair energies.
TABLE = "table"

#: The zero of energy, which no pair style has.
ONE_BODY = "one-body"


@dataclass(frozen=True)
class Part:
    """A file: its format, the potential that gives it its name, and pair potentials added to that."""

    format: Format
    potential: Potential
    added: tuple[Potential, ...] = ()

    @property
    def potentials(self) -> tuple[Potential, ...]:
        """All potentials in the file."""
        return (self.potential, *self.added)


@dataclass(frozen=True)
class Parts:
    """The files of an export, and the potentials that none of them holds."""

    parts: tuple[Part, ...]
    one_body: tuple[Potential, ...] = ()
    absent: tuple[Potential, ...] = ()


def form_of(potential: Potential) -> PotentialForm:
    """Return the form of a potential, with its rows."""
    form = next(form for form in potential_forms() if form.name == potential.form)
    return form.shaped(potential.sizes)


def parts_of(job: Job, known: Format, chosen: str, formats: Mapping[str, Format]) -> Parts:
    """Return the files of the sum of a job's potentials, the one in a wanted format first.

    Parameters
    ----------
    job
        The job.
    known
        The wanted format.
    chosen
        Id of the only potential to export; empty for the sum.
    formats
        All formats by name, for the potentials that the wanted one cannot hold.

    Raises
    ------
    InputError
        If no potential suits the format.
    """
    suited, n = _suited(job, known, chosen), len(job.species)
    one_body = tuple(p for p in job.potentials if p.form == ONE_BODY)
    if chosen:
        others = tuple(p for p in job.potentials if p.id != chosen and p not in one_body)
        return Parts((Part(known, suited[0]),), one_body, others)
    if known.name == TABLE:
        suited = [p for p in suited if is_pair(p, n)] or suited
    waiting = [p for p in job.potentials if p.form != ONE_BODY]
    first = next((p for p in suited if not is_pair(p, n)), suited[0])
    parts = [
        Part(known, first, tuple(p for p in waiting if known.adds_pairs and p is not first and is_pair(p, n)))
    ]
    waiting = [p for p in waiting if p not in parts[0].potentials]
    absent = []
    for potential in waiting:
        own = known if potential in suited else formats.get(_format_of(potential, n))
        if own is None:
            absent.append(potential)
        else:
            parts.append(Part(own, potential))
    return Parts(_joined(parts), one_body, tuple(absent))


def _suited(job: Job, known: Format, chosen: str) -> list[Potential]:
    forms = [form.name for form in potential_forms() if known.holds(form)]
    suited = [p for p in job.potentials if p.form in forms]
    if not suited:
        present = ", ".join(f"{p.id} ({p.form})" for p in job.potentials)
        what = f"no potential for the format {known.name}"
        raise InputError([Fault(job.path, what, present, " or ".join(forms))])
    found = [p for p in suited if p.id == chosen] if chosen else suited
    if not found:
        ids = ", ".join(p.id for p in suited)
        what = f"no such potential for the format {known.name}"
        raise InputError([Fault(job.path, what, chosen, f"--potential, one of {ids}")])
    return found


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return parts with all tables of pair energies in one."""
    tables = [part for part in parts if part.format.name == TABLE]
    if len(tables) <= 1:
        return tuple(parts)
    whole = Part(tables[0].format, tables[0].potential, tuple(p for t in tables for p in t.potentials)[1:])
    return tuple(
        whole if part is tables[0] else part for part in parts if part is tables[0] or part not in tables
    )


def is_pair(potential: Potential, n_species: int) -> bool:
    """Return whether a potential is a sum over pairs: a kernel of its own, or functions for pairs alone."""
    form = form_of(potential)
    if not form.roles:
        return form.is_pair
    place, roles = 0, potential.roles
    for row in form.roles:
        count = len(species_tuples(row.kind, n_species))
        if row.name != PAIR and any(number >= 0 for number in roles[place : place + count]):
            return False
        place += count
    return True


def _format_of(potential: Potential, n_species: int) -> str:
    """Return the format in which a potential is exported beside others."""
    form = form_of(potential)
    if is_pair(potential, n_species) and form.roles:
        return TABLE
    if form.record.lammps is not None:
        return form.record.lammps.format
    element = form.record.export_element
    return element.format if element else ""
