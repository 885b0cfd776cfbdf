"""Tags such as ``SiC``: the species to which a parameter's value applies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from hpcfit.job.document.values import symbols
from hpcfit.records import N_ATOMS, ParameterKind, species_tuple

#: Species of one value of a parameter, as numbers into the job's species, in the order of `species_tuples`.
Combination: TypeAlias = tuple[int, ...]

#: Attributes of a mapping that name the species of a combination.
SPECIES_ATTRIBUTES = {
    ParameterKind.SPECIES: ("species",),
    ParameterKind.PAIR: ("species-a", "species-b"),
    ParameterKind.ORDERED_PAIR: ("species-a", "species-b"),
    ParameterKind.TRIPLET: ("species-a", "species-b", "species-c"),
    ParameterKind.ORDERED_TRIPLET: ("species-a", "species-b", "species-c"),
}


def combination(tag: str, kind: ParameterKind, species: Sequence[str]) -> Combination | None:
    """Return the combination that a tag names, None where it is not a tag of this kind.

    The atoms of a pair, and the neighbours of a triplet's centre, may be in any order, except in ordered pairs and
    triplets. Three symbols may name a pair, as in LAMMPS's files: ``SiCC`` for ``SiC``.
    """
    named = symbols(tag)
    if N_ATOMS[kind] == 2 and len(named) == 3 and named[1] == named[2]:
        named = named[:2]
    if any(symbol not in species for symbol in named):
        return None
    numbers = [species.index(symbol) for symbol in named]
    return species_tuple(kind, *numbers) if len(numbers) == N_ATOMS[kind] else None


def tag_of(found: Combination, species: Sequence[str]) -> str:
    """Return the tag of a combination, its species in the job's order."""
    return "".join(species[number] for number in found)
