"""The bonds on which a potential acts, and the combinations of species that have their own values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.tags import Combination
from hpcfit.job.document.values import Faults, quoted
from hpcfit.records import Bonds, ParameterForm, ParameterKind, PotentialForm, species_tuples

#: Attribute of a potential whose triplet parameters do not depend on the bonded atom.
CLASSIC_MODE = "classic-mode"


@dataclass(frozen=True)
class Combinations:
    """The combinations of species for which a potential has values.

    Parameters
    ----------
    bonds
        Bonds on which it acts; other bonds need no values.
    classic
        Whether the values for (centre, bonded, third) are those for (centre, third, third).
    n_species
        Number of species of the job.
    """

    bonds: Bonds
    classic: bool
    n_species: int

    def own(self, kind: ParameterKind) -> list[Combination]:
        """Return the combinations with their own value, in the order of `species_tuples`."""
        every = species_tuples(kind, self.n_species)
        return [found for found in every if self._owner(kind, found) == found]

    def _owner(self, kind: ParameterKind, found: Combination) -> Combination:
        """Return the combination whose value the kernels use for one; an arbitrary one where no bond needs it."""
        if self.classic and kind is ParameterKind.ORDERED_TRIPLET:
            return (found[0], found[2], found[2])
        if self.bonds.seen(*found):
            return found
        return next(other for other in species_tuples(kind, self.n_species) if self.bonds.seen(*other))

    def places(self, rows: Iterable[ParameterForm]) -> tuple[int, ...]:
        """Return `Potential.places` for these rows."""
        places: list[int] = []
        first = 0
        for row in rows:
            own = self.own(row.kind)
            every = species_tuples(row.kind, self.n_species)
            places += [first + own.index(self._owner(row.kind, found)) for found in every]
            first += len(own)
        return () if places == list(range(first)) else tuple(places)


def read_combinations(
    element: etree._Element, form: PotentialForm, species: Sequence[str], faults: Faults
) -> Combinations:
    """Return the combinations of a potential; all of them if it has faults.

    Parameters
    ----------
    element
        The potential.
    form
        Its form.
    species
        Chemical symbols of the job.
    faults
        Collects the faults.
    """
    classic = values.boolean(element.get(CLASSIC_MODE), False)
    names = [values.line_of_text(element.get(name), "*") for name in ("species-a", "species-b")]
    for attribute, name in zip(("species-a", "species-b"), names, strict=True):
        if name in ("*", *species):
            continue
        if values.symbols(name) == [name]:  # otherwise the schema has reported it
            what = f"unknown {attribute} of <{element.tag}>"
            faults.add(element, what, quoted(name), ", ".join([*species, "*"]), nearest(name, species))
        return Combinations(Bonds(), classic, len(species))
    bonds = Bonds(*(-1 if name == "*" else species.index(name) for name in names))
    if not bonds.are_all and (reason := _without_restriction(form)):
        what = f"species-a and species-b of <{element.tag}>, {reason}"
        faults.add(element, what, " and ".join(quoted(name) for name in names), '"*"')
        bonds = Bonds()
    return Combinations(bonds, classic, len(species))


def _without_restriction(form: PotentialForm) -> str:
    """Return why a form acts on all bonds; empty for one that can be restricted."""
    if form.record.species_in_tags:
        return "whose species are those of the tags"
    has_bonds = form.roles or any(row.reach for row in form.parameters)
    return "" if has_bonds else "which has no bonds"
