"""Splines in LAMMPS's files: ``meam/spline``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hpcfit.job.document import values
from hpcfit.job.potentials.curves import Curve
from hpcfit.job.potentials.lammps_tables import read_adp, read_eam
from hpcfit.job.potentials.lammps_words import BadFileError, Words, count, energy_unit, number


def read_meam(texts: Sequence[str], species: Sequence[str]) -> list[Curve]:
    """Return the curves of a ``meam/spline`` file; LAMMPS omits the value of F without density.

    Older files do not name their species: they apply to the only one of `species`.
    """
    energy_unit(texts[0], 1, ("metal",))
    lines = texts[0].splitlines()
    header = next((k for k, line in enumerate(lines) if line.split()[:1] == ["meam/spline"]), None)
    if header is None and len(species) != 1:
        raise BadFileError(1, "no line that begins with meam/spline, for several species")
    if header is None:
        words, elements = Words(lines, 1), list(species)
    else:
        words = Words(lines, header)
        row = words.row(2)[1:]
        elements = row[1 : 1 + count(row[0], header + 1, 1)]
        if len(elements) != int(row[0]):
            raise BadFileError(header + 1, "elements differ from their number", " ".join(row))
    pairs = list(itertools.combinations_with_replacement(elements, 2))
    single = [(element,) for element in elements]
    parts: dict[str, tuple[str, Sequence[tuple[str, ...]]]] = {
        "V": ("pair-interaction", pairs),
        "rho": ("electron-density", single),
        "F": ("embedding-energy", single),
        "f": ("f-function", single),
        "g": ("g-function", pairs),
    }
    curves = [
        _spline(words, letter, role, combination, header is None)
        for letter, (role, combinations) in parts.items()
        for combination in combinations
    ]
    if not words.at_end:
        what = "lines behind the last spline, as in files of meam/sw/spline"
        raise BadFileError(words.line, what, "", "splines of meam/spline alone")
    return curves


def _spline(words: Words, letter: str, role: str, species: tuple[str, ...], is_old: bool) -> Curve:
    line = words.line
    kind = "spline3eq" if is_old else words.row(1)[0]
    if kind != "spline3eq":
        raise BadFileError(line, "unknown kind of spline", values.quoted(kind), "spline3eq")
    at = words.line
    n = count(words.row(1)[0], at, 2)
    at = words.line
    ends = np.array([number(word, at) for word in words.row(2)[:2]])
    if is_old:
        words.numbers(4)  # these are not used
    rows = words.numbers(3 * n).reshape(n, 3)
    if rows[-1, 0] <= rows[0, 0]:
        raise BadFileError(line, "knots do not ascend", f"{rows[-1, 0]:g}", f"above {rows[0, 0]:g}")
    # LAMMPS uses only the first and the last x.
    x, y = np.linspace(rows[0, 0], rows[-1, 0], n), rows[:, 1].copy()
    cutoff = math.inf if letter in "Fg" else float(x[-1])
    curve = Curve(f"{letter}_{''.join(species)}", role, species, x, y, cutoff, ends, is_table=False)
    return replace(curve, y=y - _at_zero(curve)) if letter == "F" else curve


def _at_zero(curve: Curve) -> float:
    """Return the value at 0 of a spline that is linear beyond its ends."""
    inside = min(max(0.0, curve.x[0]), curve.x[-1])
    value, slope = curve.evaluate(np.array([inside]))
    return float(value[0] - slope[0] * inside)


#: Readers by the name of the file format in the records of potentials.
READERS: dict[str, Callable[[Sequence[str], Sequence[str]], list[Curve]]] = {
    "setfl": read_eam,
    "adp": read_adp,
    "meam/spline": read_meam,
}
