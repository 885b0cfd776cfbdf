"""Tags such as ``SiC``: how a job names the species that a parameter's value is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from hpcfit.job.values import symbols
from hpcfit.records import ParameterKind, species_tuples

#: Species of one value of a parameter, as numbers into the job's species, in the order of `species_tuples`.
Combination: TypeAlias = tuple[int, ...]

#: How many atoms of a tag have their place; the others may stand in any order.
_N_FIXED = {ParameterKind.TRIPLET: 1, ParameterKind.ORDERED_PAIR: 2, ParameterKind.ORDERED_TRIPLET: 3}


def combination(tag: str, kind: ParameterKind, species: Sequence[str]) -> Combination | None:
    """Return the combination that a tag names, None where it names none.

    The two atoms of a pair may stand in any order, and so may the two neighbours of a triplet's centre, but for
    ordered pairs and triplets.
    """
    named = symbols(tag)
    if any(symbol not in species for symbol in named):
        return None
    numbers = [species.index(symbol) for symbol in named]
    n_fixed = _N_FIXED.get(kind, 0)
    found = (*numbers[:n_fixed], *sorted(numbers[n_fixed:]))
    return found if found in species_tuples(kind, len(species)) else None


def tag_of(found: Combination, species: Sequence[str]) -> str:
    """Return the tag of a combination, its species in the job's order."""
    return "".join(species[number] for number in found)
