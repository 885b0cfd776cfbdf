"""Functions of one variable that are tabulated: those of a potential, and sums over pair potentials."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcfit.export.source import ExportSource
from hpcfit.potential.dimers import pair_energies
from hpcfit.potential.functions import tabulate
from hpcfit.records import FloatArray, Function, Potential, PotentialForm, species_tuple, species_tuples

#: The role of a pair energy.
PAIR = "pair-interaction"

#: Steps of value and slope below this are roundings.
_NO_STEP = 1e-10


@dataclass(frozen=True)
class FunctionSum:
    """A sum of functions.

    Parameters
    ----------
    terms
        Each returns values and slopes [n] at arguments [n].
    reach
        The argument from which on it is zero; infinite for a function of something else than a distance.
    function
        Its function, if it is a single one of the job's.
    """

    terms: tuple[Callable[[FloatArray], tuple[FloatArray, FloatArray]], ...]
    reach: float
    function: Function | None = None

    def __call__(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values and slopes [n] at arguments `x` [n]."""
        found = [term(x) for term in self.terms]
        return sum_of([value for value, _ in found]), sum_of([slope for _, slope in found])

    def step(self) -> tuple[float, float]:
        """Return the jump of value and slope at `reach`, 0 where they are roundings."""
        if math.isinf(self.reach):
            return 0.0, 0.0
        value, slope = (float(found[0]) for found in self(np.array([np.nextafter(self.reach, 0.0)])))
        return (-value if abs(value) > _NO_STEP else 0.0), (-slope if abs(slope) > _NO_STEP else 0.0)


def sum_of(arrays: list[FloatArray]) -> FloatArray:
    """Return the sum of arrays, the first itself if it is alone."""
    total = arrays[0]
    for other in arrays[1:]:
        total = total + other
    return total


def curve_of(function: Function | None) -> FunctionSum | None:
    """Return a function of the job as a curve."""
    if function is None:
        return None
    start = np.array([p.start for p in function.all_parameters])
    return FunctionSum((partial(tabulate, function, start),), function.reach, function)


def pair_curve(source: ExportSource, a: int, b: int) -> FunctionSum | None:
    """Return the pair energy of two species, summed over the potential and those added to it; None if it is zero."""
    found = [
        curve
        for potential, form in ((source.potential, source.form), *source.added)
        if (curve := _own(potential, form, a, b, len(source.species))) is not None
    ]
    if len(found) <= 1:
        return found[0] if found else None
    return FunctionSum(
        tuple(term for curve in found for term in curve.terms), max(curve.reach for curve in found)
    )


def _own(potential: Potential, form: PotentialForm, a: int, b: int, n_species: int) -> FunctionSum | None:
    if form.roles:
        place = 0
        for row in form.roles:
            tuples = species_tuples(row.kind, n_species)
            if row.name == PAIR:
                number = potential.roles[place + tuples.index(species_tuple(row.kind, a, b))]
                return curve_of(potential.functions[number]) if number >= 0 else None
            place += len(tuples)
        return None
    if not potential.bonds.seen(a, b):
        return None
    values = np.array([potential.parameters[place].start for place in potential.kernel_places])
    energies = partial(pair_energies, potential.form, potential.sizes, values, (a, b), n_species)
    return FunctionSum((partial(_of_atoms_apart, energies),), _reach(potential, form, a, b, n_species))


def _of_atoms_apart(
    energies: Callable[[FloatArray], tuple[FloatArray, FloatArray]], r: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return energies and slopes, NaN where the atoms coincide."""
    value, slope = np.full_like(r, np.nan), np.full_like(r, np.nan)
    apart = r > 0.0
    value[apart], slope[apart] = energies(r[apart])
    return value, slope


def _reach(potential: Potential, form: PotentialForm, a: int, b: int, n_species: int) -> float:
    """Return the cut-off of a pair: the sum of the parameters that make it."""
    place, total = 0, 0.0
    for row in form.parameters:
        tuples = species_tuples(row.kind, n_species)
        if row.reach:
            found = place + tuples.index(species_tuple(row.kind, a, b))
            total += potential.parameters[potential.value_places[found]].start
        place += len(tuples)
    return total


def steps(curves: Mapping[str, FunctionSum | None]) -> list[str]:
    """Return a note on each curve that jumps at its cut-off, or one that none does."""
    found = []
    for name, curve in curves.items():
        value, slope = curve.step() if curve else (0.0, 0.0)
        if curve and (value or slope):
            found.append(
                f"{name} steps at its cut-off {curve.reach:.6g} A by {value:.3g}, its slope by {slope:.3g}"
            )
    return found or ["no step of a value or a slope at a cut-off"]
