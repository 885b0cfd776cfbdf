"""Tables of embedded-atom potentials: LAMMPS's ``eam/alloy``, ``eam/fs`` and ``adp``.

Three comment lines; the elements; Nrho drho Nr dr cutoff; per element atomic number, mass and two unused words, then
F(rho) and the densities; then r V(r) for pairs (1,1), (2,1), (2,2), ...; for ``adp`` also u and w.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from hpcfit.export.format import Format
from hpcfit.export.interpolation import finite, midpoints
from hpcfit.export.source import ExportSource, Written, number
from hpcfit.potential.functions import tabulate
from hpcfit.records import FloatArray, Function

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
    """Builds the tables of a file; keeps the largest error of each kind and the number of replaced values."""

    r: FloatArray
    rho: FloatArray
    inner: float
    density: tuple[float, float]
    errors: dict[str, float] = field(default_factory=dict)
    replaced: int = 0

    def of_density(self, function: Function | None) -> FloatArray:
        """Return F at all densities."""
        return self._table("F", function, self.rho, self.density, np.ones_like)

    def of_distance(self, name: str, function: Function | None) -> FloatArray:
        """Return a function at all distances."""
        return self._table(name, function, self.r, (self.inner, np.inf), np.ones_like)

    def times_distance(self, function: Function | None) -> FloatArray:
        """Return r V(r) at all distances."""
        return self._table("V", function, self.r, (self.inner, np.inf), lambda x: x)

    def _table(
        self,
        name: str,
        function: Function | None,
        x: FloatArray,
        stated: tuple[float, float],
        factor: Callable[[FloatArray], FloatArray],
    ) -> FloatArray:
        """Return factor times function at `x`; the error is that between points inside the range `stated`."""
        if function is None:
            return np.zeros_like(x)
        values = np.array([p.start for p in function.all_parameters])
        middle = (x[1:] + x[:-1]) / 2.0
        both = tabulate(function, values, np.concatenate([x, middle]))[0]
        with np.errstate(invalid="ignore"):
            table, replaced = finite(both[: len(x)] * factor(x))
        self.replaced += replaced
        inside = (middle >= stated[0]) & (middle <= stated[1])
        error = np.abs(midpoints(table) / factor(middle) - both[len(x) :])[inside]
        self.errors[name] = max(self.errors.get(name, 0.0), float(error.max(initial=0.0)))
        return table


def _write(
    source: ExportSource,
    style: str,
    densities: Callable[[ExportSource, int], list[Function | None]],
    distortions: tuple[str, ...],
) -> Written:
    n_points, n_species = source.resolution, len(source.species)
    cutoff = source.cutoff
    met = source.densities
    # Without densities the table of F has one meaningful value, at 0.
    largest = met.largest * source.rho_range_factor if met and met.largest > 0 else 1.0
    r, rho = np.linspace(0.0, cutoff, n_points), np.linspace(0.0, largest, n_points)
    tables = _Tables(r, rho, source.inner, (met.smallest, met.largest) if met else (0.0, 0.0))
    head = [
        n_points,
        number(largest / (n_points - 1)),
        n_points,
        number(cutoff / (n_points - 1)),
        number(cutoff),
    ]
    lines = [*source.comments, " ".join([str(n_species), *source.species]), " ".join(map(str, head))]
    for element, symbol in enumerate(source.species):
        lines.append(_element_line(source, element, symbol))
        lines += _numbers(tables.of_density(source.function("embedding-energy", element)))
        for density in densities(source, element):
            lines += _numbers(tables.of_distance("rho", density))
    pairs = [(a, b) for a in range(n_species) for b in range(a + 1)]
    for pair in pairs:
        lines += _numbers(tables.times_distance(source.function("pair-interaction", *pair)))
    for role in distortions:
        for pair in pairs:
            lines += _numbers(tables.of_distance(role[0], source.function(role, *pair)))
    commands = (f"pair_style {style}", f"pair_coeff * * {source.file} {' '.join(source.species)}")
    return Written("\n".join([*lines, ""]), commands, tuple(_notes(source, tables, largest)))


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


def _notes(source: ExportSource, tables: _Tables, largest: float) -> Iterator[str]:
    met = source.densities
    if met and met.smallest < 0:
        yield f"densities in the structures go down to {met.smallest:.6g}, but the table begins at 0"
    errors = ", ".join(f"{name} {error:.1e}" for name, error in tables.errors.items())
    ranges = f"distances from {tables.inner:.6g} A on"
    if met:
        yield f"largest density {met.largest:.6g}, tabulated to {largest:.6g}"
        ranges += f", densities {met.smallest:.6g} to {met.largest:.6g}"
    yield f"largest errors of interpolation: {errors} ({ranges})"
    if tables.replaced:
        yield f"{tables.replaced} values that are not finite were replaced by the nearest finite value"


_SETTINGS = ("resolution", "rho_range_factor", "largest_density", "inner")

RECORDS = (
    Format("eam-alloy", write_alloy, ("eam",), _SETTINGS),
    Format("eam-fs", write_fs, ("eam",), _SETTINGS),
    Format("adp", write_adp, ("adp",), _SETTINGS),
)
