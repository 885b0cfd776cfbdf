"""LAMMPS' ``meam/spline``: every function as a cubic spline through equidistant knots, with its slopes at the ends.

The file holds V of pairs, rho, F and f of elements, and g of pairs, in this order; LAMMPS omits F(0).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hpcfit.export.format import Format
from hpcfit.export.formats.setfl import same
from hpcfit.export.interpolation import finite
from hpcfit.export.source import ExportSource, Written, number
from hpcfit.potential.functions import tabulate
from hpcfit.records import FloatArray, Function


def write(source: ExportSource) -> Written:
    """Return the file.

    Raises
    ------
    InputError
        If a function depends on a species that LAMMPS's function does not depend on.
    """
    n = range(len(source.species))
    pairs = list(itertools.combinations_with_replacement(n, 2))
    cutoff, met = source.cutoff, source.densities
    # Angles may make densities negative.
    largest = source.rho_range_factor * max(abs(met.smallest), abs(met.largest)) if met else 0.0
    r = np.linspace(source.inner, cutoff, source.resolution)
    rho = np.linspace(-(largest or 1.0), largest or 1.0, source.resolution)
    splines = _Splines()
    for pair in pairs:
        splines.add("V", source.function("pair-interaction", *pair), r)
    for element in n:
        splines.add("rho", _of_neighbour(source, "electron-density", element), r)
    embedding = [source.function("embedding-energy", element) for element in n]
    for function in embedding:
        splines.add("F", function, rho)
    for element in n:
        splines.add("f", _of_neighbour(source, "f-function", element), r)
    cosine = np.linspace(-1.0, 1.0, source.resolution)
    for pair in pairs:
        splines.add("g", _of_neighbour(source, "g-function", *pair), cosine)
    head = [f"# {comment}" for comment in source.comments]
    head.append(f"meam/spline {len(source.species)} {' '.join(source.species)}")
    commands = ("pair_style meam/spline", f"pair_coeff * * {source.file} {' '.join(source.species)}")
    notes = [*splines.notes(), *_zeros(source, embedding)]
    return Written("\n".join([*head, *splines.lines, ""]), commands, tuple(notes))


def _of_neighbour(source: ExportSource, role: str, *others: int) -> Function | None:
    """Return the function of some neighbours, which must not depend on the central atom."""
    functions = [source.function(role, centre, *others) for centre in range(len(source.species))]
    if not all(same(functions[0], function) for function in functions):
        of = " and ".join(source.species[other] for other in others)
        raise source.refuse(f"{role} of {of} depends on the central atom, which LAMMPS does not support")
    return functions[0]


def _zeros(source: ExportSource, embedding: Sequence[Function | None]) -> list[str]:
    notes = []
    for symbol, function in zip(source.species, embedding, strict=True):
        if function is not None:
            value = float(tabulate(function, _values(function), np.zeros(1))[0][0])
            if value != 0.0:
                notes.append(f"LAMMPS omits F(0) = {number(value)} eV of every atom of {symbol}")
    return notes


def _values(function: Function) -> FloatArray:
    return np.array([p.start for p in function.all_parameters])


@dataclass
class _Splines:
    """The splines of a file, the largest error of each kind, and the number of replaced values."""

    lines: list[str] = field(default_factory=list)
    errors: dict[str, float] = field(default_factory=dict)
    replaced: int = 0

    def add(self, kind: str, function: Function | None, x: FloatArray) -> None:
        """Add the spline of a function through knots at `x`."""
        # SciPy's interpolation takes half a second to import.
        from scipy.interpolate import CubicSpline

        middle = (x[1:] + x[:-1]) / 2.0
        both, slope = np.zeros(2 * len(x) - 1), np.zeros(2 * len(x) - 1)
        if function is not None:
            both, slope = tabulate(function, _values(function), np.concatenate([x, middle]))
        values, replaced = finite(both[: len(x)])
        ends = np.where(np.isfinite(slope), slope, 0.0)[[0, len(x) - 1]]
        spline = CubicSpline(x, values, bc_type=((1, ends[0]), (1, ends[1])))
        error = np.abs(spline(middle) - both[len(x) :])
        largest = float(np.max(error, initial=0.0, where=np.isfinite(error)))
        self.errors[kind] = max(self.errors.get(kind, 0.0), largest)
        self.replaced += replaced
        knots = zip(x.tolist(), values.tolist(), strict=True)
        self.lines += ["spline3eq", str(len(x)), " ".join(map(number, ends.tolist()))]
        # The third number is the second derivative, which LAMMPS computes itself.
        self.lines += [f"{number(place)} {number(value)} 0" for place, value in knots]

    def notes(self) -> list[str]:
        """Return the errors between knots and the number of replaced values."""
        errors = ", ".join(f"{kind} {error:.1e}" for kind, error in self.errors.items())
        found = [f"largest errors of interpolation: {errors}"]
        if self.replaced:
            found.append(
                f"{self.replaced} values that are not finite were replaced by the nearest finite value"
            )
        return found


RECORDS = (
    Format("meam-spline", write, ("meam",), ("resolution", "rho_range_factor", "largest_density", "inner")),
)
