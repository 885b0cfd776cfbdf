"""LAMMPS' ``meam/spline``: every function as a cubic spline through equidistant knots, with its slopes at the ends.

The file holds V of pairs, rho, F and f of elements, and g of pairs, in this order; LAMMPS omits F(0).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hpcfit.export.curves import FunctionSum, curve_of, pair_curve, steps
from hpcfit.export.format import Format
from hpcfit.export.formats.setfl import same
from hpcfit.export.grid import density_end
from hpcfit.export.interpolation import begin_of_range, finite
from hpcfit.export.source import ExportSource, number
from hpcfit.export.written import OF_TABLES, Written, quoted
from hpcfit.records import FloatArray, Function


def write(source: ExportSource) -> Written:
    """Return the file.

    Raises
    ------
    InputError
        If a function depends on a species that LAMMPS's function does not depend on.
    """
    elements = range(len(source.species))
    pairs = list(itertools.combinations_with_replacement(elements, 2))
    of_pairs = {pair: pair_curve(source, *pair) for pair in pairs}
    densities = {
        element: curve_of(_of_neighbour(source, "electron-density", element)) for element in elements
    }
    angular = {element: curve_of(_of_neighbour(source, "f-function", element)) for element in elements}
    embedding = [source.function("embedding-energy", element) for element in elements]
    radial = [*of_pairs.values(), *densities.values(), *angular.values()]
    cutoff = max((curve.reach for curve in radial if curve), default=0.0)
    if not 0.0 < cutoff < math.inf:
        raise source.refuse("functions of the distance without a cut-off", f"{cutoff} A")
    r, rho, cosine = (np.linspace(first, last, n) for first, last, n in _ranges(source, cutoff))
    splines = _Splines()
    for curve in of_pairs.values():
        splines.add("V", curve, r)
    for curve in densities.values():
        splines.add("rho", curve, r)
    for function in embedding:
        splines.add("F", curve_of(function), rho)
    for curve in angular.values():
        splines.add("f", curve, r)
    for pair in pairs:
        splines.add("g", curve_of(_of_neighbour(source, "g-function", *pair)), cosine)
    head = [f"# {comment}" for comment in source.comments]
    head.append(f"meam/spline {len(source.species)} {' '.join(source.species)}")
    right_r, right_rho = (splines.right.get(kind, places[0]) for kind, places in (("r", r), ("F", rho)))
    met = source.densities
    notes = [
        *(density_end(source, max(abs(met.smallest), abs(met.largest)))[2] if met else ()),
        f"right for distances {right_r:.3g} to {cutoff:.6g} A, densities {right_rho:.6g} to {rho[-1]:.6g}",
        f"from {r[0]:.3g} A and {rho[-1]:.6g} on LAMMPS extends functions as straight lines",
        *splines.notes(),
        *steps(_names(source, of_pairs, densities, angular)),
    ]
    zeros = _zeros(embedding)
    notes += [
        f"LAMMPS omits F(0) = {number(zero)} eV of every atom of {symbol}"
        for symbol, zero in zip(source.species, zeros, strict=True)
        if zero
    ]
    return Written(
        "\n".join([*head, *splines.lines, ""]),
        source.file,
        "meam/spline",
        (("* *", f"{quoted(source.file)} {' '.join(source.species)}"),),
        notes=tuple(notes),
        accuracy=OF_TABLES,
        shortest=float(right_r),
        densities=(float(right_rho), float(rho[-1])),
        omitted=tuple(zeros),
    )


def _ranges(source: ExportSource, cutoff: float) -> Iterator[tuple[float, float, int]]:
    """Yield first, last and number of the knots of the distance, of the density and of the cosine."""
    met, n = source.densities, source.n_points
    # Atoms of compressed cells come closer than those of the compressed crystals.
    is_default = met is not None and met.spacing > 0 and source.inner == met.shortest
    yield min(1.0, 0.7 * met.spacing) if met and is_default else source.inner, cutoff, n
    # Angles may make densities negative.
    largest = max(abs(met.smallest), abs(met.largest)) if met else 0.0
    first = density_end(replace(source, densities=None), largest)[0]
    end = density_end(source, largest)[0]
    yield -first, end, 1 + round((n - 1) * (first + end) / (2.0 * first))
    yield -1.0, 1.0, n


def _names(
    source: ExportSource,
    of_pairs: Mapping[tuple[int, int], FunctionSum | None],
    densities: Mapping[int, FunctionSum | None],
    angular: Mapping[int, FunctionSum | None],
) -> dict[str, FunctionSum | None]:
    symbols = source.species
    found = {f"V of {symbols[a]}-{symbols[b]}": curve for (a, b), curve in of_pairs.items()}
    found |= {f"rho of {symbols[k]}": curve for k, curve in densities.items()}
    return found | {f"f of {symbols[k]}": curve for k, curve in angular.items()}


def _of_neighbour(source: ExportSource, role: str, *others: int) -> Function | None:
    """Return the function of some neighbours, which must not depend on the central atom."""
    functions = [source.function(role, centre, *others) for centre in range(len(source.species))]
    if not all(same(functions[0], function) for function in functions):
        of = " and ".join(source.species[other] for other in others)
        raise source.refuse(f"{role} of {of} depends on the central atom, which LAMMPS does not support")
    return functions[0]


def _zeros(embedding: Sequence[Function | None]) -> list[float]:
    """Return F(0) of each element, which LAMMPS omits."""
    curves = map(curve_of, embedding)
    return [float(curve(np.zeros(1))[0][0]) if curve else 0.0 for curve in curves]


@dataclass
class _Splines:
    """The splines of a file, their largest errors, where they get right, and the number of replaced values."""

    lines: list[str] = field(default_factory=list)
    errors: dict[str, float] = field(default_factory=dict)
    replaced: int = 0
    right: dict[str, float] = field(default_factory=dict)

    def add(self, kind: str, curve: FunctionSum | None, x: FloatArray) -> None:
        """Add the spline of a function through knots at `x`."""
        # SciPy's interpolation takes half a second to import.
        from scipy.interpolate import CubicSpline

        middle = (x[1:] + x[:-1]) / 2.0
        both, slope = np.zeros(2 * len(x) - 1), np.zeros(2 * len(x) - 1)
        if curve is not None:
            places = np.concatenate([x, middle])
            if curve.reach == x[-1]:
                # The function is zero at its cut-off even if it jumps there.
                places[len(x) - 1] = np.nextafter(curve.reach, 0.0)
            both, slope = curve(places)
        values, replaced = finite(both[: len(x)])
        ends = np.where(np.isfinite(slope), slope, 0.0)[[0, len(x) - 1]]
        spline = CubicSpline(x, values, bc_type=((1, ends[0]), (1, ends[1])))
        error = np.abs(spline(middle) - both[len(x) :])
        right = begin_of_range(x, error, both[len(x) :])
        largest = float(np.max(error, initial=0.0, where=np.isfinite(error) & (middle > right)))
        self.errors[kind] = max(self.errors.get(kind, 0.0), largest)
        self.replaced += replaced
        argument = kind if kind in "Fg" else "r"
        self.right[argument] = max(self.right.get(argument, -math.inf), right)
        knots = zip(x.tolist(), values.tolist(), strict=True)
        self.lines += ["spline3eq", str(len(x)), " ".join(map(number, ends.tolist()))]
        # The third number is the second derivative, which LAMMPS computes itself.
        self.lines += [f"{number(place)} {number(value)} 0" for place, value in knots]

    def notes(self) -> list[str]:
        """Return the errors between knots and the number of replaced values."""
        errors = ", ".join(f"{kind} {error:.1e}" for kind, error in self.errors.items())
        found = [f"largest errors of interpolation there: {errors}"]
        if self.replaced:
            found.append(
                f"{self.replaced} values that are not finite were replaced by the nearest finite value"
            )
        return found


RECORDS = (
    Format(
        "meam-spline",
        write,
        ("meam",),
        ("resolution", "rho_range_factor", "largest_density", "inner"),
        adds_pairs=True,
    ),
)
