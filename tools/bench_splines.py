"""Measures what columns by the nodes of splines cost: ``python tools/bench_splines.py [n_knots ...]``.

One function of a potential is a spline all of whose nodes are free, the others are formulas; copper with 42 neighbours
per atom. Times are processor time on one core, the fastest of some repeats.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from ase.build import bulk
from crystals import as_configurations, shaken

from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import Geometry, evaluate, potential_forms
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import FloatArray, Function, Parameter, Potential

FORMS = {form.name: form for form in potential_forms()}
CUTOFF, SHORTEST = 4.95, 2.2
REPEATS = 5

#: The first and the last knot, by the argument.
RANGES = {"distance": (SHORTEST, CUTOFF), "density": (0.0, 60.0), "cosine": (-1.0, 1.0)}
FORMULAS = {"distance": "A*exp(-x)*(cutoff-x)^2", "density": "-A*sqrt(x+1)", "cosine": "A*(x+0.3)^2"}


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    n_knots = [int(word) for word in sys.argv[1:]] or [20, 60, 120]
    atoms = shaken(bulk("Cu", "fcc", a=3.615, cubic=True).repeat(6))
    batch = find_neighbours(as_configurations(atoms), [0], 1, CUTOFF)
    geometry, n_atoms = Geometry(batch), len(atoms)
    print(f"{n_atoms} atoms, {len(batch.neighbour) / n_atoms:.0f} neighbours; microseconds per atom")
    print(f"{'':24}" + "".join(f"{n:6} nodes  ratio" for n in (0, *n_knots)))
    for form in ("eam", "adp", "meam"):
        for role in FORMS[form].roles:
            times = [_seconds(form, role.name, n, geometry) * 1e6 / n_atoms for n in (0, *n_knots)]
            print(f"{form + ' ' + role.name:24}" + "".join(f"{t:12.2f} {t / times[0]:6.1f}" for t in times))


def _seconds(form: str, role: str, n_knots: int, geometry: Geometry) -> float:
    """Return the time of energies and forces, with the derivatives by all nodes of a role's function."""
    functions = tuple(
        spline_or_formula(r.name, r.argument, max(n_knots, 20) if r.name == role else 0)
        for r in FORMS[form].roles
    )
    parameters = tuple(p for f in functions for p in f.parameters)
    start = np.array([p.start for p in parameters])
    free = [k for k, p in enumerate(parameters) if p.path.startswith("node") and n_knots > 0]
    potential = Potential("P", form, parameters, functions, tuple(range(len(functions))))
    compiled = compile_potential(potential, FORMS[form], 1, free)
    columns = np.zeros((1 + len(free), geometry.n_rows(False)))
    times = []
    for _ in range(REPEATS + 1):
        columns[:] = 0.0
        begun = time.process_time()
        if (
            evaluate(form, geometry, start, np.array(free, dtype=np.int32), columns, False, compiled)
            is not None
        ):
            raise ValueError("not finite")
        times.append(time.process_time() - begun)
    return min(times[1:])


def spline_or_formula(role: str, argument: str, n_knots: int) -> Function:
    """Return a spline with so many free nodes, or a formula for none."""
    cutoff = CUTOFF if argument == "distance" else np.inf
    if n_knots == 0:
        amplitude = Parameter("A", "", 0.2, -np.inf, np.inf, False)
        return Function(role, "user-function", ("A",), (amplitude,), FORMULAS[argument], "x", cutoff)
    knots: FloatArray = np.linspace(*RANGES[argument], n_knots)
    values = {"distance": 0.1 * np.exp(-knots) * (CUTOFF - knots) ** 2, "density": -np.sqrt(knots + 1)}.get(
        argument, 0.2 * (knots + 0.3) ** 2
    )
    names = tuple(f"node[{k}].y" for k in range(n_knots))
    nodes = tuple(
        Parameter(n, "", float(v), -np.inf, np.inf, True) for n, v in zip(names, values, strict=True)
    )
    return Function(role, "spline", names, nodes, knots=tuple(knots), cutoff=cutoff)


if __name__ == "__main__":
    main()
