"""LAMMPS's ``table``: pair energies and forces at equidistant points, a section for each pair of elements."""

from __future__ import annotations

import itertools
import math

import numpy as np

from hpcfit.export.curves import FunctionSum, pair_curve, steps
from hpcfit.export.densities import has_densities
from hpcfit.export.format import Format
from hpcfit.export.interpolation import pair_table_errors
from hpcfit.export.source import ExportSource, number
from hpcfit.export.written import OF_TABLES, Written, quoted
from hpcfit.potential.library import potential_forms


def write(source: ExportSource) -> Written:
    """Return the file; each section goes from `ExportSource.inner` to its function's cut-off.

    Raises
    ------
    InputError
        If the potential is not a sum over pairs, lacks a pair that LAMMPS needs, or is not finite at a point.
    """
    species = range(len(source.species))
    built = bool(source.form.roles)
    if built and (has_densities(source) or any(source.function("embedding-energy", a) for a in species)):
        raise source.refuse("not a pair potential", "densities or embedding", "format eam-fs")
    lines = [f"# {comment}" for comment in source.comments]
    notes, coefficients, curves = [], [], {}
    for a, b in itertools.combinations_with_replacement(species, 2):
        name = f"{source.species[a]}_{source.species[b]}"
        curve = pair_curve(source, a, b)
        if curve is None and not source.alone:
            continue
        if curve is None:
            what = "function" if built else "energy"
            raise source.refuse(f"no {what} for a pair, which LAMMPS needs", name)
        section, note = _section(source, name, curve)
        lines += section
        notes.append(note)
        curves[name] = curve
        coefficients.append((f"{a + 1} {b + 1}", f"{quoted(source.file)} {name} {number(curve.reach)}"))
    first = min(source.inner, *(curve.reach for curve in curves.values()))
    notes.append(f"right for distances from {first:.6g} A on; LAMMPS stops where atoms are closer")
    return Written(
        "\n".join([*lines, ""]),
        source.file,
        f"table spline {source.n_points}",
        tuple(coefficients),
        notes=(*notes, *steps(curves)),
        accuracy=OF_TABLES,
        shortest=source.inner,
    )


def _section(source: ExportSource, name: str, curve: FunctionSum) -> tuple[list[str], str]:
    inner, n, outer = source.inner, source.n_points, curve.reach
    if not inner < outer < math.inf:
        raise source.refuse(f"no table of {name}", f"{inner} .. {outer} A", "--inner below a finite cut-off")
    r = np.linspace(inner, outer, n)
    # A function is zero at its cut-off even if it jumps there; the table takes the limit from inside.
    r[-1] = np.nextafter(outer, 0.0)
    energy, slope = curve(r)
    if not (np.isfinite(energy).all() and np.isfinite(slope).all()):
        raise source.refuse(f"{name} is not finite in the table", allowed="a larger --inner")
    lines = ["", name, f"N {n} R {number(inner)} {number(outer)}", ""]
    rows = zip(np.linspace(inner, outer, n).tolist(), energy.tolist(), (-slope).tolist(), strict=True)
    lines += [f"{k} {' '.join(map(number, row))}" for k, row in enumerate(rows, start=1)]
    of_energy, of_force = pair_table_errors(curve, inner, float(r[-1]), n)
    return (
        lines,
        f"largest errors of interpolation of {name}: energy {of_energy:.1e} eV, force {of_force:.1e} eV/A",
    )


#: Kernels of pair energies, and that of functions.
_KERNELS = ("eam", *(form.name for form in potential_forms() if form.is_pair))

RECORDS = (Format("table", write, _KERNELS, ("resolution", "inner"), adds_pairs=True),)
