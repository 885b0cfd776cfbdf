"""LAMMPS's ``table``: pair energies and forces at equidistant points, a section for each pair of elements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from hpcfit.export.densities import has_densities
from hpcfit.export.format import Format
from hpcfit.export.interpolation import pair_table_errors
from hpcfit.export.source import ExportSource, Written, number
from hpcfit.potential.dimers import pair_energies
from hpcfit.potential.functions import tabulate
from hpcfit.records import FloatArray


def write(source: ExportSource) -> Written:
    """Return the file; each section goes from `ExportSource.inner` to its function's cut-off.

    Raises
    ------
    InputError
        If the potential is not a sum over pairs, lacks a pair, or is not finite at a point.
    """
    species = range(len(source.species))
    built = bool(source.form.roles)
    if built and (has_densities(source) or any(source.function("embedding-energy", a) for a in species)):
        raise source.refuse("not a pair potential", "densities or embedding", "format eam-fs")
    lines = [f"# {comment}" for comment in source.comments]
    commands = [f"pair_style table spline {source.resolution}"]
    notes = []
    for a, b in itertools.combinations_with_replacement(species, 2):
        name = f"{source.species[a]}_{source.species[b]}"
        evaluated, reach = _pair(source, name, a, b)
        section, note = _section(source, name, evaluated, reach)
        lines += section
        notes.append(note)
        commands.append(f"pair_coeff {a + 1} {b + 1} {source.file} {name} {number(reach)}")
    return Written("\n".join([*lines, ""]), tuple(commands), tuple(notes))


def _pair(source: ExportSource, name: str, a: int, b: int) -> tuple[Callable[[FloatArray], Any], float]:
    """Return the energy and slope of a pair as a function of the distance, and the cut-off."""
    potential, n_species = source.potential, len(source.species)
    if not source.form.roles:
        if not potential.bonds.seen(a, b):
            raise source.refuse("no energy for a pair, which LAMMPS needs", name)
        values = np.array([potential.parameters[place].start for place in potential.kernel_places])
        own = partial(pair_energies, potential.form, potential.sizes, values, (a, b), n_species)
        return own, source.value("cutoff", a, b)
    function = source.function("pair-interaction", a, b)
    if function is None:
        raise source.refuse("no function for a pair, which LAMMPS needs", name)
    start = np.array([p.start for p in function.all_parameters])
    return partial(tabulate, function, start), function.reach


def _section(
    source: ExportSource, name: str, evaluated: Callable[[FloatArray], Any], outer: float
) -> tuple[list[str], str]:
    inner, n = source.inner, source.resolution
    if not inner < outer < math.inf:
        raise source.refuse(f"no table of {name}", f"{inner} .. {outer} A", "--inner below a finite cut-off")
    r = np.linspace(inner, outer, n)
    # A function is zero at its cut-off even if it jumps there; the table takes the limit from inside.
    r[-1] = np.nextafter(outer, 0.0)
    energy, slope = evaluated(r)
    if not (np.isfinite(energy).all() and np.isfinite(slope).all()):
        raise source.refuse(f"{name} is not finite in the table", allowed="a larger --inner")
    lines = ["", name, f"N {n} R {number(inner)} {number(outer)}", ""]
    rows = zip(np.linspace(inner, outer, n).tolist(), energy.tolist(), (-slope).tolist(), strict=True)
    lines += [f"{k} {' '.join(map(number, row))}" for k, row in enumerate(rows, start=1)]
    of_energy, of_force = pair_table_errors(evaluated, inner, float(r[-1]), n)
    return (
        lines,
        f"largest errors of interpolation of {name}: energy {of_energy:.1e} eV, force {of_force:.1e} eV/A",
    )


RECORDS = (Format("table", write, ("eam", "chebyshev"), ("resolution", "inner")),)
