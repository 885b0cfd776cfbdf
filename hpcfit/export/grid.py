"""The points of tables of embedded atoms: those of the file from which functions come, or points of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.export.curves import FunctionSum
from hpcfit.export.source import ExportSource
from hpcfit.records import FloatArray

#: Compressed crystals make a table of the density longer by at most this factor.
_LONGEST = 20


@dataclass(frozen=True)
class Grid:
    """Equidistant points from 0 on.

    Parameters
    ----------
    d_r, d_rho
        Steps.
    r, rho
        Distances, Angstrom, and densities.
    cutoff
        Angstrom; it may lie between two distances.
    notes
        On the choice of points.
    """

    d_r: float
    d_rho: float
    r: FloatArray
    rho: FloatArray
    cutoff: float
    notes: tuple[str, ...] = ()


def grid_of(
    source: ExportSource,
    radial: Sequence[FunctionSum | None],
    embedding: Sequence[FunctionSum | None],
    goes_on: bool,
) -> Grid:
    """Return the points of a file.

    Parameters
    ----------
    source
        The potential.
    radial
        The functions of the distance.
    embedding
        The functions of the density.
    goes_on
        Whether LAMMPS extends F as a straight line, as hpcfit does with a table.

    Raises
    ------
    InputError
        If no function of the distance has an end.
    """
    cutoff = max((curve.reach for curve in radial if curve), default=0.0)
    if not 0.0 < cutoff < math.inf:
        raise source.refuse("functions of the distance without a cut-off", f"{cutoff} A")
    notes: list[str] = []
    step, n = _in_file(radial) if source.resolution is None else (0.0, 0)
    if step:
        n = max(n, math.ceil(cutoff / step * (1 - 1e-12)) + 1)
        d_r, r = step, equidistant(step, n)
        notes.append(f"{n} distances {step:.6g} A apart, as in the file from which functions come")
    else:
        n = source.n_points
        d_r, r = cutoff / (n - 1), np.linspace(0.0, cutoff, n)
        if any(_table(curve) for curve in radial):
            notes.append(f"{n} distances of its own, not those of the files from which functions come")
    d_rho, rho, of_density = _densities(source, embedding, goes_on)
    return Grid(d_r, d_rho, r, rho, cutoff, (*notes, *of_density))


def _densities(
    source: ExportSource, embedding: Sequence[FunctionSum | None], goes_on: bool
) -> tuple[float, FloatArray, tuple[str, ...]]:
    """Return step and points of the table of the density, and notes on them."""
    met = source.densities
    is_default = source.rho_range_factor is None
    end, n, notes = density_end(source, met.largest if met else 0.0)
    step, in_file = _in_file(embedding) if is_default and source.resolution is None else (0.0, 0)
    if step:
        ends_alike = goes_on and all(curve is None or _table(curve) is not None for curve in embedding)
        n = in_file if ends_alike else max(in_file, math.ceil(end / step) + 1)
        last = f"the file from which F comes is tabulated to {step * (in_file - 1):.6g}"
        return step, equidistant(step, n), (*notes, f"{last}, this one to {step * (n - 1):.6g}")
    if met:
        notes = (*notes, f"F is tabulated to {end:.6g}")
    return end / (n - 1), np.linspace(0.0, end, n), notes


def density_end(source: ExportSource, largest: float) -> tuple[float, int, tuple[str, ...]]:
    """Return the end of a table of F from 0 on, its number of points, and notes.

    Parameters
    ----------
    source
        The potential.
    largest
        Largest density in the job's structures.
    """
    met, n = source.densities, source.n_points
    # Without densities the table has one meaningful value, at 0.
    end = largest * (source.rho_range_factor or 2.0) if largest > 0 else 1.0
    if not met or met.spacing == 0.0:
        return end, n, (f"largest density {largest:.6g}",) if met else ()
    notes = (
        f"largest density {largest:.6g} in the job's structures",
        f"largest density {met.compressed:.6g} in crystals of neighbours {met.spacing:.3g} A apart",
    )
    if source.rho_range_factor is None and met.compressed > end:
        # The points below keep their distance.
        step = end / (n - 1)
        n = 1 + math.ceil(min(met.compressed / end, _LONGEST) * (n - 1))
        end = step * (n - 1)
    return end, n, notes


def equidistant(step: float, n: int) -> FloatArray:
    """Return n points from 0 on, as LAMMPS computes them."""
    return np.asarray(step * np.arange(n), dtype=np.float64)


def _table(curve: FunctionSum | None) -> tuple[FloatArray, FloatArray, bool] | None:
    """Return points and values of a tabulated function, and whether values are times the argument; None for others."""
    function = curve.function if curve else None
    if function is None or function.screening is not None:
        return None
    is_divided = function.form == "product" and [f.formula for f in function.children[1:]] == ["1/r"]
    if is_divided:
        function = function.children[0]
    if function.form != "tabulated" or function.screening is not None:
        return None
    x, y = np.array(function.knots), np.array(function.values)
    # Below 0 there are only points that continue a table.
    return x[x >= 0.0], y[x >= 0.0], is_divided


def _in_file(curves: Sequence[FunctionSum | None]) -> tuple[float, int]:
    """Return the step and the number of points that all tabulated functions share, (0, 0) if there is no such step."""
    found = [table[0] for curve in curves if (table := _table(curve)) is not None]
    if not found:
        return 0.0, 0
    step = float(next(points for points in found[0] if points > 0))
    numbers = [np.rint(points / step) for points in found]
    if not all(np.array_equal(points, step * k) for points, k in zip(found, numbers, strict=True)):
        return 0.0, 0
    return step, 1 + int(max(k[-1] for k in numbers))


def as_in_file(curve: FunctionSum, x: FloatArray, table: FloatArray, times_x: bool) -> FloatArray:
    """Return a table with the values of the file from which its function comes, where it has these points.

    Parameters
    ----------
    curve
        The function.
    x
        The points of the table.
    table
        The function at `x`.
    times_x
        Whether the table holds x times the function.
    """
    known = _table(curve)
    if known is None:
        return table
    points, values, is_times_x = known
    places = np.searchsorted(x, points)
    if places[-1] >= len(x) or not np.array_equal(x[places], points) or (is_times_x and not times_x):
        return table
    found = table.copy()
    if times_x and not is_times_x:
        values = np.array([_factor(value, point) for value, point in zip(values, points, strict=True)])
    found[places] = values
    return found


def _factor(quotient: float, divisor: float) -> float:
    """Return the number with the fewest digits whose quotient by `divisor` is the one given."""
    near = float(quotient * divisor)
    candidates = [near]
    for direction in (-math.inf, math.inf):
        value = near
        for _ in range(2):
            value = math.nextafter(value, direction)
            candidates.append(value)
    exact = [value for value in candidates if value / divisor == quotient]
    return min(exact or [near], key=lambda value: len(repr(value)))
