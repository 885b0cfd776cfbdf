"""Tables of embedded-atom potentials: LAMMPS's ``eam/alloy``, ``eam/fs`` and ``adp``.

Three comment lines; the elements; Nrho drho Nr dr cutoff; per element atomic number, mass and two unused words, then
F(rho) and the densities; then r V(r) for pairs (1,1), (2,1), (2,2), ...; for ``adp`` also u and w.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from hpcfit.export.curves import FunctionSum, curve_of, pair_curve, steps
from hpcfit.export.format import Format
from hpcfit.export.grid import Grid, as_in_file, grid_of
from hpcfit.export.interpolation import begin_of_range, finite, midpoints, slopes_at
from hpcfit.export.source import ExportSource, number
from hpcfit.export.written import OF_TABLES, Accuracy, Written, quoted
from hpcfit.records import FloatArray, Function

_Factor = Callable[[FloatArray], FloatArray]

#: Bonds of an atom that may lie at a kink at the same time.
_BONDS_AT_KINKS = 4

#: The pair style that does not extend F beyond its last density.
_ENDS_CONSTANT = "adp"

#: LAMMPS computes slopes from five points.
FEWEST_POINTS = 5


def write_fs(source: ExportSource) -> Written:
    """Return an ``eam/fs`` file, with the density that each element gives to each element."""
    return _write(source, "eam/fs", _densities_of_pairs, ())


def write_alloy(source: ExportSource) -> Written:
    """Return an ``eam/alloy`` file, with one density per element.

    Raises
    ------
    InputError
        If the density that an element gives depends on the element that receives it.
    """
    return _write(source, "eam/alloy", _density_of_element, ())


def write_adp(source: ExportSource) -> Written:
    """Return an ``adp`` file: ``eam/alloy`` plus the functions of dipole and quadrupole distortion.

    Raises
    ------
    InputError
        As in `write_alloy`.
    """
    return _write(source, "adp", _density_of_element, ("u-function", "w-function"))


def _densities_of_pairs(source: ExportSource, element: int) -> list[Function | None]:
    return [source.function("electron-density", host, element) for host in range(len(source.species))]


def _density_of_element(source: ExportSource, element: int) -> list[Function | None]:
    functions = _densities_of_pairs(source, element)
    if any(not same(functions[0], other) for other in functions):
        what = f"the density that {source.species[element]} gives depends on the atom that receives it"
        raise source.refuse(what, allowed="format eam-fs")
    return functions[:1]


def same(first: Function | None, second: Function | None) -> bool:
    """Return whether two functions are equal, whatever their names."""
    if first is None or second is None:
        return first is second
    own = [
        (
            *(f.form, f.names, [p.start for p in f.parameters], f.formula, f.variable, f.cutoff),
            *(f.knots, f.values, f.ends, f.slopes),
        )
        for f in (first, second)
    ]
    parts = [(*f.children, f.screening) for f in (first, second)]
    return own[0] == own[1] and len(parts[0]) == len(parts[1]) and all(map(same, *parts))


@dataclass
class _Tables:
    """Builds the tables of a file; keeps the largest error of each kind, the good ranges and the replaced values."""

    grid: Grid
    inner: float
    density: tuple[float, float]
    errors: dict[str, float] = field(default_factory=dict)
    slopes: dict[str, float] = field(default_factory=dict)
    slope_errors: dict[str, float] = field(default_factory=dict)
    replaced: int = 0
    right_r: float = 0.0
    right_rho: float = 0.0

    def of_density(self, curve: FunctionSum | None) -> FloatArray:
        """Return F at all densities."""
        table, right = self._table("F", curve, self.grid.rho, self.density, np.ones_like)
        self.right_rho = max(self.right_rho, right)
        return table

    def of_distance(self, name: str, curve: FunctionSum | None, factor: _Factor = np.ones_like) -> FloatArray:
        """Return a function, or factor times it, at all distances."""
        table, right = self._table(name, curve, self.grid.r, (self.inner, np.inf), factor)
        self.right_r = max(self.right_r, right)
        return table

    def _table(
        self,
        name: str,
        curve: FunctionSum | None,
        x: FloatArray,
        stated: tuple[float, float],
        factor: _Factor,
    ) -> tuple[FloatArray, float]:
        """Return factor times curve at `x`, and where it gets right; the error is that inside the range `stated`."""
        if curve is None:
            return np.zeros_like(x), 0.0
        middle = (x[1:] + x[:-1]) / 2.0
        both = curve(np.concatenate([x, middle]))[0]
        if any(curve.step()) and curve.reach == x[-1]:
            # The function is zero at its cut-off even if it jumps there; the table takes the limit from inside.
            both[len(x) - 1] = curve(np.array([np.nextafter(curve.reach, 0.0)]))[0][0]
        with np.errstate(invalid="ignore"):
            exact_at_points = as_in_file(curve, x, both[: len(x)] * factor(x), factor is not np.ones_like)
        table, replaced = finite(exact_at_points)
        self.replaced += replaced
        inside = (middle >= stated[0]) & (middle <= stated[1])
        exact = both[len(x) :]
        values = midpoints(table) / factor(middle)
        error = np.abs(values - exact)
        self.errors[name] = max(self.errors.get(name, 0.0), float(error[inside].max(initial=0.0)))
        right = begin_of_range(x, error, exact)
        # Nearer than a quarter of the smallest distance the slope of V loses its digits in (r V)' - V.
        first = max(right, self.inner / 4.0) if math.isfinite(curve.reach) else right
        self._keep_slopes(name, curve, x, table, (first, min(curve.reach, x[-1])), factor)
        return table, right

    def _keep_slopes(
        self,
        name: str,
        curve: FunctionSum,
        x: FloatArray,
        table: FloatArray,
        ends: tuple[float, float],
        factor: _Factor,
    ) -> None:
        """Keep the largest slope, and its largest error inside the range of the table but for a step at its end."""
        step = x[1] - x[0]
        for part in (0.25, 0.75):
            place = x[:-1] + part * step
            inside = (place > ends[0] + 2.0 * step) & (place < ends[1] - 2.0 * step)
            value, exact = curve(place)
            slope = slopes_at(table, part) / step
            if factor is not np.ones_like:
                slope = (slope - value) / place
            for kept, found in ((self.slopes, exact), (self.slope_errors, slope - exact)):
                kept[name] = max(kept.get(name, 0.0), float(np.abs(found[inside]).max(initial=0.0)))

    @property
    def accuracy(self) -> Accuracy:
        """What the file promises: more than others where a kink of a function makes errors of slopes."""
        errors = [self.slope_errors.get(name, 0.0) for name in ("V", "rho", "F")]
        _, largest_rho, largest_f = (self.slopes.get(name, 0.0) for name in ("V", "rho", "F"))
        force = errors[0] + errors[1] * largest_f + errors[2] * largest_rho
        return Accuracy(OF_TABLES.energy, max(OF_TABLES.force, _BONDS_AT_KINKS * force))


def _write(
    source: ExportSource,
    style: str,
    densities: Callable[[ExportSource, int], list[Function | None]],
    distortions: tuple[str, ...],
) -> Written:
    n_species = len(source.species)
    pairs = [(a, b) for a in range(n_species) for b in range(a + 1)]
    of_pairs = {pair: pair_curve(source, *pair) for pair in pairs}
    of_elements = {element: [curve_of(f) for f in densities(source, element)] for element in range(n_species)}
    embedding = [curve_of(source.function("embedding-energy", element)) for element in range(n_species)]
    distorting = {
        (role, pair): curve_of(source.function(role, *pair)) for role in distortions for pair in pairs
    }
    radial = [*of_pairs.values(), *(c for found in of_elements.values() for c in found), *distorting.values()]
    goes_on = style != _ENDS_CONSTANT
    grid = grid_of(source, radial, embedding, goes_on)
    met = source.densities
    tables = _Tables(grid, source.inner, (met.smallest, met.largest) if met else (0.0, 0.0))
    head = [len(grid.rho), number(grid.d_rho), len(grid.r), number(grid.d_r), number(grid.cutoff)]
    lines = [*source.comments, " ".join([str(n_species), *source.species]), " ".join(map(str, head))]
    for element, symbol in enumerate(source.species):
        lines.append(_element_line(source, element, symbol))
        lines += _numbers(tables.of_density(embedding[element]))
        for density in of_elements[element]:
            lines += _numbers(tables.of_distance("rho", density))
    for pair in pairs:
        lines += _numbers(tables.of_distance("V", of_pairs[pair], lambda r: r))
    for (role, _), curve in distorting.items():
        lines += _numbers(tables.of_distance(role[0], curve))
    named = {f"V of {_name(source, pair)}": curve for pair, curve in of_pairs.items()}
    named |= {f"{role[0]} of {_name(source, pair)}": curve for (role, pair), curve in distorting.items()}
    for element, found in of_elements.items():
        labels = ["*"] if len(found) == 1 else source.species
        named |= {
            f"rho of {source.species[element]} at {host}": c for host, c in zip(labels, found, strict=True)
        }
    return Written(
        "\n".join([*lines, ""]),
        source.file,
        style,
        (("* *", f"{quoted(source.file)} {' '.join(source.species)}"),),
        notes=(*_notes(source, tables, goes_on), *steps(named)),
        accuracy=tables.accuracy,
        shortest=tables.right_r,
        densities=(tables.right_rho, grid.rho[-1]),
    )


def _name(source: ExportSource, pair: tuple[int, int]) -> str:
    return "-".join(source.species[k] for k in sorted(pair))


def _numbers(values: FloatArray) -> list[str]:
    return [number(value) for value in values.tolist()]


def _element_line(source: ExportSource, element: int, symbol: str) -> str:
    # ASE is slow to import and needed for its periodic table only.
    from ase.data import atomic_masses, atomic_numbers

    z = source.atomic_numbers[element] if source.atomic_numbers else None
    mass = source.masses[element] if source.masses else None
    z = atomic_numbers.get(symbol) if z is None else z
    if z is None:
        raise source.refuse("no atomic number for a species", symbol)
    mass = float(atomic_masses[z]) if mass is None else mass
    return f"{z} {number(mass)} 0.0 NONE"


def _notes(source: ExportSource, tables: _Tables, goes_on: bool) -> Iterator[str]:
    met, grid = source.densities, tables.grid
    yield from grid.notes
    if met and met.smallest < 0:
        yield f"densities in the structures go down to {met.smallest:.6g}, but the table begins at 0"
    ends = f"distances {tables.right_r:.3g} to {grid.cutoff:.6g} A"
    if any(name == "F" for name in tables.errors):
        ends += f", densities {tables.right_rho:.3g} to {grid.rho[-1]:.6g}"
    yield f"right for {ends}"
    if any(name == "F" for name in tables.errors):
        how = "extends F as a straight line" if goes_on else "keeps F constant, with the forces of a slope"
        yield f"beyond the last density LAMMPS {how}"
    errors = ", ".join(f"{name} {error:.1e}" for name, error in tables.errors.items())
    ranges = f"distances from {tables.inner:.6g} A on"
    if met:
        ranges += f", densities {met.smallest:.6g} to {met.largest:.6g}"
    yield f"largest errors of interpolation: {errors} ({ranges})"
    slopes = ", ".join(f"{name} {error:.1e}" for name, error in tables.slope_errors.items())
    yield f"largest errors of slopes where the tables are right: {slopes}"
    if tables.replaced:
        yield f"{tables.replaced} values that are not finite were replaced by the nearest finite value"


_SETTINGS = ("resolution", "rho_range_factor", "largest_density", "inner")

RECORDS = (
    Format("eam-alloy", write_alloy, ("eam",), _SETTINGS, adds_pairs=True),
    Format("eam-fs", write_fs, ("eam",), _SETTINGS, adds_pairs=True),
    Format("adp", write_adp, ("adp",), _SETTINGS, adds_pairs=True),
)
