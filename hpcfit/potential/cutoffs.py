"""The cut-offs of potentials, and what jumps there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpcfit.potential.dimers import trimer_energies
from hpcfit.potential.library import function_values
from hpcfit.potential.library_functions import Functions
from hpcfit.records import (
    Cutoff,
    FloatArray,
    Function,
    ParameterKind,
    Potential,
    PotentialForm,
    species_tuples,
)

#: In place of a function's id: the energy of two atoms with all functions of a potential.
DIMER = "dimer"

#: Relative distance from the cut-off at which both sides are evaluated.
_BESIDE = 1e-12

#: Step of second derivatives on both sides, over the cut-off: their error is some 1e-8 of the value.
_STEP = 1e-4

#: Jumps below these are rounding, or of no consequence: eV, eV/Angstrom, eV/Angstrom^2.
_NOTED = (1e-8, 1e-7, 1e-5)

#: Jumps of value, eV, and slope, eV/Angstrom, that a log leaves out.
_NEGLIGIBLE = (1e-5, 1e-4)


@dataclass(frozen=True)
class Jump:
    """What changes at a cut-off: the limit from below minus that from above.

    Parameters
    ----------
    cutoff
        The cut-off.
    value, slope, curvature
        Of the function, or of the energy of two or three atoms, with derivatives by the distance.
    unit
        Of the value.
    """

    cutoff: Cutoff
    value: float
    slope: float
    curvature: float
    unit: str

    @property
    def noted(self) -> bool:
        """Whether value, slope or curvature change by more than rounding."""
        sizes = (self.value, self.slope, self.curvature)
        return any(not abs(size) <= least for size, least in zip(sizes, _NOTED, strict=True))

    @property
    def is_abrupt(self) -> bool:
        """Whether an energy or its slope changes by an amount that is not negligible."""
        small = abs(self.value) <= _NEGLIGIBLE[0] and abs(self.slope) <= _NEGLIGIBLE[1]
        return self.unit == "eV" and not small

    @property
    def sizes(self) -> str:
        """The sizes of the jumps with units, those of rounding left out."""
        unit = self.unit or "1"
        parts = [
            f"{name} {abs(size):.2g} {unit}{per}"
            for name, size, least, per in (
                ("value", self.value, _NOTED[0], ""),
                ("slope", self.slope, _NOTED[1], "/A"),
                ("curvature", self.curvature, _NOTED[2], "/A^2"),
            )
            if not abs(size) <= least
        ]
        return ", ".join(parts) or "nothing"


def cutoffs_of(potential: Potential, form: PotentialForm, n_species: int) -> list[Cutoff]:
    """Return the cut-offs of a potential, nested functions included, by pair of species.

    Parameters
    ----------
    potential
        The potential.
    form
        Its form, for its sizes.
    n_species
        Number of species of the job.
    """
    found = _of_functions(potential, form, n_species) if form.roles else _of_rows(potential, form, n_species)
    kept = {cutoff for cutoff in found if np.isfinite(cutoff.distance) and cutoff.distance > 0}
    return sorted(kept, key=lambda cutoff: (cutoff.function, cutoff.species, cutoff.distance))


def _of_functions(potential: Potential, form: PotentialForm, n_species: int) -> Iterator[Cutoff]:
    for _, number, species in _functions_of_distance(potential, form, n_species):
        function = potential.functions[number]
        for distance in _ends(function):
            if distance <= function.reach:
                yield Cutoff(potential.id, function.id, species, distance)


def _functions_of_distance(
    potential: Potential, form: PotentialForm, n_species: int
) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Yield role, index of the function and pair of species of every function of the distance."""
    place = 0
    for role in form.roles:
        for found in species_tuples(role.kind, n_species):
            number = potential.roles[place]
            place += 1
            if number < 0 or role.argument != "distance":
                continue
            others = [found[-1]] if len(found) > 1 else range(n_species)
            for other in others:
                yield role.name, number, _pair(found[0], other)


def _ends(function: Function) -> set[float]:
    return {function.cutoff, *(end for nested in function.nested for end in _ends(nested))}


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def _of_rows(potential: Potential, form: PotentialForm, n_species: int) -> Iterator[Cutoff]:
    starts = np.array([potential.parameters[place].start for place in potential.kernel_places])
    counts = [len(species_tuples(row.kind, n_species)) for row in form.parameters]
    blocks = np.split(starts, np.cumsum(counts))[:-1]
    marked = [(row, block) for row, block in zip(form.parameters, blocks, strict=True) if row.reach]
    if not marked:
        return
    kind = marked[0][0].kind
    for number, species in enumerate(species_tuples(kind, n_species)):
        if kind is not ParameterKind.SPECIES and not potential.bonds.seen(*species):
            continue
        middle, *widths = (float(block[number]) for _, block in marked)
        others = [species[-1]] if len(species) > 1 else range(n_species)
        for other in others:
            # A middle with a half width: the cut-off function begins and ends there.
            for distance in {middle + sum(widths), middle - sum(widths)}:
                yield Cutoff(potential.id, "", _pair(species[0], other), distance)


def jumps_of(
    potential: Potential,
    form: PotentialForm,
    n_species: int,
    values: FloatArray,
    functions: Functions | None = None,
) -> list[Jump]:
    """Return what jumps at every cut-off of a potential.

    Parameters
    ----------
    potential, form, n_species
        As of `cutoffs_of`.
    values
        [n], the kernel's parameters.
    functions
        Of a potential with roles: its functions, compiled without derivatives.
    """
    cutoffs = cutoffs_of(potential, form, n_species)
    if functions is None:
        return [_of_atoms(cutoff, potential, form, n_species, values, None) for cutoff in cutoffs]
    numbers = {function.id: k for k, function in enumerate(potential.functions)}
    roles = {
        potential.functions[number].id: role
        for role, number, _ in _functions_of_distance(potential, form, n_species)
    }
    found = []
    for cutoff in cutoffs:
        r = _arguments(cutoff.distance)
        value, slope = function_values(functions, numbers[cutoff.function], values, r)[:2]
        unit = "eV" if roles[cutoff.function] == "pair-interaction" else ""
        found.append(_jump(cutoff, value, slope, unit))
    if any(role != "pair-interaction" for role in roles.values()):
        # A density that ends counts by the energy of embedding.
        ends = {(cutoff.species, cutoff.distance) for cutoff in cutoffs}
        dimers = [Cutoff(potential.id, DIMER, *end) for end in sorted(ends)]
        found += [_of_atoms(dimer, potential, form, n_species, values, functions) for dimer in dimers]
    return found


def _of_atoms(
    cutoff: Cutoff,
    potential: Potential,
    form: PotentialForm,
    n_species: int,
    values: FloatArray,
    functions: Functions | None,
) -> Jump:
    """Return the largest jump of two atoms, and without functions of two atoms beside a third."""
    r = _arguments(cutoff.distance)
    pairs = sorted({cutoff.species, cutoff.species[::-1]})
    groups: list[tuple[int, ...]] = [*pairs]
    if functions is None:
        groups += [(*pair, third) for pair in pairs for third in range(n_species)]
    candidates = [
        _jump(
            cutoff,
            *trimer_energies(form.kernel, potential.sizes, values, group, n_species, r, functions),
            "eV",
        )
        for group in groups
    ]
    return max(candidates, key=lambda jump: (abs(jump.value), abs(jump.slope), abs(jump.curvature)))


def _arguments(cutoff: float) -> FloatArray:
    below, step = cutoff * (1.0 - _BESIDE), _STEP * cutoff
    above = cutoff * (1.0 + _BESIDE)
    return np.array([below, below - step, below - 2 * step, above, above + step, above + 2 * step])


def _jump(cutoff: Cutoff, value: FloatArray, slope: FloatArray, unit: str) -> Jump:
    step = _STEP * cutoff.distance
    below = (3.0 * slope[0] - 4.0 * slope[1] + slope[2]) / (2.0 * step)
    above = -(3.0 * slope[3] - 4.0 * slope[4] + slope[5]) / (2.0 * step)
    return Jump(cutoff, float(value[0] - value[3]), float(slope[0] - slope[3]), float(below - above), unit)
