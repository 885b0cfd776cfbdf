"""Tables whose second derivatives jump at their points, under properties that are second derivatives."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
from lxml import etree

from hpcfit.job.document.values import Faults
from hpcfit.records import GIVEN_SLOPES, Function, Potential, Structure

#: Names of properties that are second derivatives of the energy.
_SECOND = re.compile(r"C[1-6][1-6]|bulk-modulus.*|phonon.*")

#: Jumps count from these fractions of a table's end on, where distances and densities of solids are.
_FROM_DISTANCE, _FROM_DENSITY = 0.4, 0.1


def warn_of_jumps(
    element: etree._Element, potentials: Sequence[Potential], structures: Sequence[Structure], faults: Faults
) -> None:
    """Warn if a job asks for second derivatives of energies of LAMMPS's piecewise cubics, with the largest jumps.

    Parameters
    ----------
    element
        The ``<potentials>``.
    potentials, structures
        Those of the job.
    faults
        Collects the warning.
    """
    wanted = sorted({p.name for s in structures for p in s.properties if _SECOND.fullmatch(p.name)})
    jumps = [jump for potential in potentials for jump in _jumps(potential)]
    if not wanted or not jumps:
        return
    worst = [
        max((jump for jump in jumps if jump[2] == unit), default=None) for unit in ("eV/A^2", "eV/density^2")
    ]
    said = [f"{name} at {x:.4g} by {size:.1e} {unit}" for size, x, unit, name in filter(None, worst)]
    faults.warn(
        element,
        f"{', '.join(wanted)}: second derivatives of tables jump at their points ({', '.join(said)} at most); "
        "these properties jump by as much; knots make smooth splines of the tables",
    )


def _jumps(potential: Potential) -> Iterator[tuple[float, float, str, str]]:
    """Yield size, point, unit and name of each table's largest jump."""
    for function in potential.functions:
        divided = function.form == "product"
        for table in (function, *function.children):
            if table.ends != GIVEN_SLOPES:
                continue
            of_distance = math.isfinite(table.cutoff)
            size, x = _largest_jump(table, _FROM_DISTANCE if of_distance else _FROM_DENSITY, divided)
            unit = "eV/A^2" if of_distance else "eV/density^2"
            yield size, x, unit, f"{potential.id}.{function.id}"


def _largest_jump(table: Function, start: float, divided: bool) -> tuple[float, float]:
    x, y, slope = (np.array(each) for each in (table.knots, table.values, table.slopes))
    h, rise = np.diff(x), np.diff(y) / np.diff(x)
    first = (6.0 * rise - 4.0 * slope[:-1] - 2.0 * slope[1:]) / h
    last = (2.0 * slope[:-1] + 4.0 * slope[1:] - 6.0 * rise) / h
    inner = x[1:-1]
    jumps = np.abs(first[1:] - last[:-1]) / (inner if divided else 1.0)
    jumps = np.where(inner >= start * x[-1], jumps, 0.0)
    worst = int(jumps.argmax())
    return float(jumps[worst]), float(inner[worst])
