"""Curves in LAMMPS files of embedded atoms: ``eam/alloy``, ``eam/fs`` and ``adp`` (setfl), ``meam/spline``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpcfit.job.document import values
from hpcfit.records import FloatArray


class BadFileError(Exception):
    """A fault in a file; line 0 is the whole file."""

    def __init__(self, line: int, what: str, found: str = "", allowed: str = "") -> None:
        super().__init__(what)
        self.line, self.what, self.found, self.allowed = line, what, found, allowed


@dataclass(frozen=True)
class Curve:
    """A function in a file.

    Parameters
    ----------
    name
        Its id.
    role
        Its role in the potential.
    species
        Species of its atoms, without the central atom if it does not depend on that.
    x, y
        [n] points, ascending.
    cutoff
        Infinite for a function of something else than a distance.
    slopes
        At both ends of a spline; None for a table.
    """

    name: str
    role: str
    species: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    cutoff: float
    slopes: tuple[float, float] | None = None

    def spline(self) -> Any:
        """Return the cubic spline through the points."""
        # The import takes half a second, which other runs should not pay.
        from scipy.interpolate import CubicSpline

        if self.slopes is None:
            return CubicSpline(self.x, self.y)
        left, right = np.array(self.slopes)
        return CubicSpline(self.x, self.y, bc_type=((1, left), (1, right)))


class _Words:
    """The words of a file after its first lines, read in sequence."""

    def __init__(self, lines: Sequence[str], skipped: int) -> None:
        rows = enumerate(lines[skipped:], start=skipped + 1)
        self._words = [(line, word) for line, row in rows for word in row.split()]
        self._taken = 0

    @property
    def n_left(self) -> int:
        return len(self._words) - self._taken

    def take(self, n: int) -> list[tuple[int, str]]:
        """Return the next words with their line numbers."""
        found = self._words[self._taken : self._taken + n]
        if len(found) < n:
            line = self._words[-1][0] if self._words else 0
            raise BadFileError(line, "file ends early", f"{len(found)} words", f"{n} words")
        self._taken += n
        return found

    def numbers(self, n: int) -> FloatArray:
        """Return the next words as finite numbers."""
        found = np.empty(n)
        for k, (line, word) in enumerate(self.take(n)):
            found[k] = values.number(word)
            if not math.isfinite(found[k]):
                raise BadFileError(line, "bad value", values.quoted(word), "a finite number")
        return found

    def count(self, least: int) -> int:
        """Return the next word as an integer."""
        ((line, word),) = self.take(1)
        if not word.isdecimal() or not least <= int(word) < 10**9:
            raise BadFileError(
                line, "bad number of points or elements", values.quoted(word), f"{least} or more"
            )
        return int(word)

    def elements(self) -> list[str]:
        """Return the symbols of elements, read with their number."""
        return [word for _, word in self.take(self.count(1))]


def read_eam(text: str, _: Sequence[str]) -> list[Curve]:
    """Return the curves of an ``eam/alloy`` or ``eam/fs`` file, distinguished by the number of values."""
    return list(_setfl(text, False))


def read_adp(text: str, _: Sequence[str]) -> list[Curve]:
    """Return the curves of an ``adp`` file."""
    return list(_setfl(text, True))


def _setfl(text: str, is_adp: bool) -> Iterator[Curve]:
    words = _Words(text.splitlines(), 3)
    elements = words.elements()
    n = len(elements)
    n_rho, d_rho = words.count(5), words.numbers(1)[0]
    n_r, (d_r, cutoff) = words.count(5), words.numbers(2)
    if min(d_rho, d_r, cutoff) <= 0:
        raise BadFileError(5, "bad step or cut-off", f"{d_rho:g}, {d_r:g}, {cutoff:g}", "above 0")
    rho, r = d_rho * np.arange(n_rho), d_r * np.arange(n_r)
    of_pairs = n * (n + 1) // 2 * n_r * (3 if is_adp else 1)
    alloy, fs = (n * (4 + n_rho + each * n_r) + of_pairs for each in (1, n))
    if words.n_left not in ((alloy,) if is_adp else (alloy, fs)):
        allowed = f"{alloy}" if is_adp else f"{alloy} (eam/alloy), {fs} (eam/fs)"
        raise BadFileError(0, "wrong number of words after the header", f"{words.n_left}", allowed)
    # The densities of an eam/fs file depend on the central atom, which comes first here.
    hosts: list[tuple[str, ...]] = [(host,) for host in elements] if words.n_left == fs != alloy else [()]
    for element in elements:
        words.take(4)
        yield Curve(f"F_{element}", "embedding-energy", (element,), rho, words.numbers(n_rho), math.inf)
        for host in hosts:
            species = (*host, element)
            yield _radial("rho", "electron-density", species, r, words.numbers(n_r), cutoff)
    pairs = [(elements[b], elements[a]) for a in range(n) for b in range(a + 1)]
    for pair in pairs:
        yield _radial("V", "pair-interaction", pair, r[1:], words.numbers(n_r)[1:] / r[1:], cutoff)
    for letter in "uw" if is_adp else "":
        for pair in pairs:
            yield _radial(letter, f"{letter}-function", pair, r, words.numbers(n_r), cutoff)


def _radial(
    letter: str, role: str, species: tuple[str, ...], r: FloatArray, y: FloatArray, cutoff: float
) -> Curve:
    return Curve(f"{letter}_{''.join(species)}", role, species, r, y, float(cutoff))


def read_meam(text: str, species: Sequence[str]) -> list[Curve]:
    """Return the curves of a ``meam/spline`` file; LAMMPS omits the value of F without density.

    Older files do not name their species: they apply to the only one of `species`.
    """
    lines = text.splitlines()
    header = next((k for k, line in enumerate(lines) if line.split()[:1] == ["meam/spline"]), None)
    if header is None and len(species) != 1:
        raise BadFileError(1, "no line that begins with meam/spline, for several species")
    if header is None:
        words, elements = _Words(lines, 1), list(species)
    else:
        lines[header] = lines[header].replace("meam/spline", " ", 1)
        words = _Words(lines, header)
        elements = words.elements()
    pairs = list(itertools.combinations_with_replacement(elements, 2))
    single = [(element,) for element in elements]
    parts: dict[str, tuple[str, Sequence[tuple[str, ...]]]] = {
        "V": ("pair-interaction", pairs),
        "rho": ("electron-density", single),
        "F": ("embedding-energy", single),
        "f": ("f-function", single),
        "g": ("g-function", pairs),
    }
    return [
        _meam_spline(words, letter, role, combination, header is None)
        for letter, (role, combinations) in parts.items()
        for combination in combinations
    ]


def _meam_spline(words: _Words, letter: str, role: str, species: tuple[str, ...], is_old: bool) -> Curve:
    line, kind = (0, "spline3eq") if is_old else words.take(1)[0]
    if kind != "spline3eq":
        raise BadFileError(line, "unknown kind of spline", values.quoted(kind), "spline3eq")
    n = words.count(2)
    left, right = words.numbers(2).tolist()
    if is_old:
        words.numbers(4)  # these are not used
    rows = words.numbers(3 * n).reshape(n, 3)
    if rows[-1, 0] <= rows[0, 0]:
        raise BadFileError(line, "knots do not ascend", f"{rows[-1, 0]:g}", f"above {rows[0, 0]:g}")
    # LAMMPS uses only the first and the last x.
    x, y = np.linspace(rows[0, 0], rows[-1, 0], n), rows[:, 1].copy()
    cutoff = math.inf if letter in "Fg" else float(x[-1])
    curve = Curve(f"{letter}_{''.join(species)}", role, species, x, y, cutoff, (left, right))
    return replace(curve, y=y - _at_zero(curve)) if letter == "F" else curve


def _at_zero(curve: Curve) -> float:
    """Return the value at 0 of a spline that is linear beyond its ends."""
    spline, inside = curve.spline(), min(max(0.0, curve.x[0]), curve.x[-1])
    return float(spline(inside) - spline(inside, 1) * inside)


#: Readers by the name of the file format in the records of potentials.
READERS: dict[str, Callable[[str, Sequence[str]], list[Curve]]] = {
    "setfl": read_eam,
    "adp": read_adp,
    "meam/spline": read_meam,
}
