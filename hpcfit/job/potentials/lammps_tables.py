"""Tables in LAMMPS's files of embedded atoms: ``eam/alloy``, ``eam/fs`` and ``adp`` (setfl), and ``eam`` (funcfl).

LAMMPS evaluates them as piecewise cubics with slopes from five points; the pair energy is a table of r V divided by r.
Embedding energies are linear beyond the last density, and continue their first cubic below zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.job.potentials.curves import Curve, five_point_slopes
from hpcfit.job.potentials.lammps_words import BadFileError, Words, count, energy_unit, number
from hpcfit.records import FloatArray

#: Neighbours of an atom at most: how far below zero densities may fall, as far as the table goes above zero.
_MOST_NEIGHBOURS = 500.0

#: LAMMPS's Hartree and Bohr radius in the product of two effective charges.
_CHARGES = 27.2 * 0.529


def read_eam(texts: Sequence[str], _: Sequence[str]) -> list[Curve]:
    """Return the curves of an ``eam/alloy`` or ``eam/fs`` file, or of ``eam`` files for one element each.

    Whether densities depend on the central atom, as in ``eam/fs``, follows from the number of tables.
    """
    if are_parts_of_one(texts):
        return list(_mixed([_funcfl(text, number) for number, text in enumerate(texts)]))
    try:
        return list(_setfl(texts[0], False, False))
    except BadFileError as alloy:
        try:
            return list(_setfl(texts[0], True, False))
        except BadFileError as fs:
            raise max(alloy, fs, key=lambda error: error.line) from None


def read_adp(texts: Sequence[str], _: Sequence[str]) -> list[Curve]:
    """Return the curves of an ``adp`` file."""
    return list(_setfl(texts[0], False, True))


def _setfl(text: str, is_fs: bool, is_adp: bool) -> Iterator[Curve]:
    unit = energy_unit(text, 3, ("metal",)) if is_adp else energy_unit(text, 3)
    words = Words(text.splitlines(), 3)
    line, row = words.line, words.row(1)
    elements = row[1 : 1 + count(row[0], line, 1)]
    if len(elements) != len(row) - 1 or len(set(elements)) != len(elements):
        raise BadFileError(line, "elements differ from their number", " ".join(row))
    grid = _Grid.read(words)
    hosts: list[tuple[str, ...]] = [(host,) for host in elements] if is_fs else [()]
    embedding, rest = [], []
    for element in elements:
        line, row = words.line, words.row(2)
        count(row[0], line, 0), number(row[1], line)
        embedding.append(grid.of_density(element, unit * words.numbers(grid.n_rho)))
        for host in hosts:
            # The densities of an eam/fs file depend on the central atom, which comes first here.
            rest.append(grid.radial("rho", "electron-density", (*host, element), words.numbers(grid.n_r)))
    yield from _continued(embedding, rest)
    yield from rest
    pairs = [(elements[b], elements[a]) for a in range(len(elements)) for b in range(a + 1)]
    for pair in pairs:
        yield grid.radial("V", "pair-interaction", pair, unit * words.numbers(grid.n_r))
    for letter in "uw" if is_adp else "":
        for pair in pairs:
            yield grid.radial(letter, f"{letter}-function", pair, words.numbers(grid.n_r))
    if not words.at_end:
        style = "adp" if is_adp else "eam/fs" if is_fs else "eam/alloy"
        raise BadFileError(words.line, "lines behind the last table", "", f"tables of {style} alone")


def _continued(embedding: Sequence[Curve], densities: Sequence[Curve]) -> Iterator[Curve]:
    """Yield embedding energies, continued below zero where densities can be negative."""
    lowest = min(float(curve.y.min()) for curve in densities)
    for curve in embedding:
        reach = min(-_MOST_NEIGHBOURS * lowest, float(curve.x[-1]))
        yield curve.extended(reach) if reach > 0 else curve


@dataclass(frozen=True)
class _Grid:
    """The points of a file's tables."""

    n_rho: int
    d_rho: float
    n_r: int
    d_r: float
    cutoff: float

    @classmethod
    def read(cls, words: Words) -> _Grid:
        """Return the points that the next line of a file gives."""
        line, row = words.line, words.row(5)
        n_rho, n_r = (count(row[place], line, 5) for place in (0, 2))
        d_rho, d_r, cutoff = (number(row[place], line) for place in (1, 3, 4))
        if min(d_rho, d_r, cutoff) <= 0:
            raise BadFileError(line, "bad step or cut-off", f"{d_rho:g}, {d_r:g}, {cutoff:g}", "above 0")
        return cls(n_rho, d_rho, n_r, d_r, cutoff)

    def of_density(self, element: str, y: FloatArray) -> Curve:
        """Return an embedding energy."""
        x, slopes = self.d_rho * np.arange(self.n_rho, dtype=np.float64), five_point_slopes(y, self.d_rho)
        return Curve(f"F_{element}", "embedding-energy", (element,), x, y, math.inf, slopes)

    def radial(self, letter: str, role: str, species: tuple[str, ...], y: FloatArray) -> Curve:
        """Return a function of the distance; of a pair energy the table is r V."""
        x, slopes = self.d_r * np.arange(self.n_r, dtype=np.float64), five_point_slopes(y, self.d_r)
        name = f"{letter}_{''.join(species)}"
        return Curve(name, role, species, x, y, self.cutoff, slopes, over_distance=letter == "V")


def are_parts_of_one(texts: Sequence[str]) -> bool:
    """Return whether files are those of ``eam``, one for each element, which LAMMPS mixes."""
    return all(map(_is_funcfl, texts))


def _is_funcfl(text: str) -> bool:
    """Return whether the second and third line hold the numbers of an ``eam`` file for one element."""
    rows = [line.split() for line in text.splitlines()[1:3]]
    try:
        return len(rows) == 2 and len(rows[1]) == 5 and all(map(float, [*rows[0][:2], *rows[1]]))
    except ValueError:
        return False


@dataclass(frozen=True)
class _Funcfl:
    """An ``eam`` file: F(rho), the effective charge Z(r), the density rho(r)."""

    element: str
    grid: _Grid
    embedding: FloatArray
    charge: FloatArray
    density: FloatArray


def _funcfl(text: str, file: int) -> _Funcfl:
    try:
        return _read_funcfl(text)
    except BadFileError as error:
        error.file = file
        raise


def _read_funcfl(text: str) -> _Funcfl:
    # ASE is slow to import and needed for its periodic table only.
    from ase.data import chemical_symbols

    unit = energy_unit(text, 1)
    words = Words(text.splitlines(), 1)
    line, row = words.line, words.row(2)
    z = count(row[0], line, 1)
    number(row[1], line)
    if z >= len(chemical_symbols):
        raise BadFileError(line, "bad atomic number", str(z), f"1 .. {len(chemical_symbols) - 1}")
    grid = _Grid.read(words)
    embedding, charge, density = (words.numbers(n) for n in (grid.n_rho, grid.n_r, grid.n_r))
    if not words.at_end:
        raise BadFileError(words.line, "lines behind the last table", "", "tables of eam alone")
    return _Funcfl(chemical_symbols[z], grid, unit * embedding, math.sqrt(unit) * charge, density)


def _mixed(files: Sequence[_Funcfl]) -> Iterator[Curve]:
    """Yield the functions of some elements on common points, as LAMMPS resamples and mixes them.

    The points have the largest step of the files and end one step before the largest end.
    """
    grids = [file.grid for file in files]
    d_rho, d_r = max(grid.d_rho for grid in grids), max(grid.d_r for grid in grids)
    end_rho = max((grid.n_rho - 1) * grid.d_rho for grid in grids)
    end_r = max((grid.n_r - 1) * grid.d_r for grid in grids)
    n_rho, n_r = int(end_rho / d_rho + 0.5), int(end_r / d_r + 0.5)
    common = _Grid(n_rho, d_rho, n_r, d_r, max(grid.cutoff for grid in grids))
    rho, r = (step * np.arange(n, dtype=np.float64) for step, n in ((d_rho, n_rho), (d_r, n_r)))
    embedding = [common.of_density(f.element, _resampled(f.embedding, f.grid.d_rho, rho)) for f in files]
    densities = [
        common.radial("rho", "electron-density", (f.element,), _resampled(f.density, f.grid.d_r, r))
        for f in files
    ]
    yield from _continued(embedding, densities)
    yield from densities
    charges = [_resampled(file.charge, file.grid.d_r, r) for file in files]
    for a, first in enumerate(files):
        for b, second in enumerate(files[: a + 1]):
            pair = (second.element, first.element)
            yield common.radial("V", "pair-interaction", pair, _CHARGES * charges[a] * charges[b])


def _resampled(y: FloatArray, step: float, x: FloatArray) -> FloatArray:
    """Return a table from 0 on at other points, by the cubic through four points."""
    p = x / step + 1.0
    k = np.clip(p.astype(np.int64), 2, len(y) - 2)
    p = np.minimum(p - k, 2.0)
    weights = (
        -p * (p - 1.0) * (p - 2.0) / 6.0,
        (p * p - 1.0) * (p - 2.0) / 2.0,
        -p * (p + 1.0) * (p - 2.0) / 2.0,
        p * (p * p - 1.0) / 6.0,
    )
    return np.asarray(sum(weight * y[k - 2 + place] for place, weight in enumerate(weights)))
