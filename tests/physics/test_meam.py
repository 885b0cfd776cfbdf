"""Angular densities beyond the generic tests: LAMMPS's splines of two elements, and functions in several places."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import Geometry, evaluate, potential_forms
from hpcfit.records import Function, Parameter, Potential, species_tuples
from tests.physics.lammps_cases import lammps_answers, upright
from tests.physics.oracle_cells import Structure, batch_of
from tests.physics.oracle_kernels import Values, largest_error, split
from tests.physics.oracle_samples import sample_structures

FORM = next(form for form in potential_forms() if form.name == "meam")
N = 2
CUTOFF = 5.0

#: Knots, evenly spaced as LAMMPS wants them, by what a function is of; the densities go beyond the last knots.
KNOTS = {
    "distance": np.linspace(1.5, CUTOFF, 8),
    "density": np.linspace(-1.0, 6.0, 8),
    "cosine": np.linspace(-1.0, 1.0, 5),
}

#: In LAMMPS's order: its densities know the neighbour alone, and the angular function the two neighbours alone.
NAMES = {
    "pair-interaction": ((0, 0), (0, 1), (1, 1)),
    "electron-density": ((0,), (1,)),
    "embedding-energy": ((0,), (1,)),
    "f-function": ((0,), (1,)),
    "g-function": ((0, 0), (0, 1), (1, 1)),
}


def _function(rng: np.random.Generator, role: str, species: tuple[int, ...], argument: str) -> Function:
    knots = KNOTS[argument]
    values = np.append(rng.uniform(-0.2, 0.6, len(knots)), rng.uniform(-0.3, 0.3, 2))
    if argument == "distance":  # smooth at the end
        values[[-3, -1]] = 0.0
    names = (*(f"node[{k}].y" for k in range(len(knots))), "derivative-left", "derivative-right")
    return Function(
        f"{role}{species}",
        "spline",
        names,
        tuple(
            Parameter(f"{role}{species}.{n}", "", float(v), -np.inf, np.inf, True)
            for n, v in zip(names, values, strict=True)
        ),
        knots=tuple(knots),
        cutoff=CUTOFF if argument == "distance" else np.inf,
    )


RNG = np.random.default_rng(4)
FUNCTIONS = {
    (role.name, species): _function(RNG, role.name, species, role.argument)
    for role in FORM.roles
    for species in NAMES[role.name]
}

#: For every place of the form the function that LAMMPS has there.
PLACES = [
    (role.name, species[len(species) - len(NAMES[role.name][0]) :])
    for role in FORM.roles
    for species in species_tuples(role.kind, N)
]


def _values(structures: list[Structure], functions: list[Function], roles: tuple[int, ...]) -> Values:
    """Return values and the derivatives by all parameters."""
    parameters = tuple(p for f in functions for p in f.parameters)
    free = np.arange(len(parameters), dtype=np.int32)
    potential = Potential("M", "meam", parameters, tuple(functions), roles)
    compiled = compile_potential(potential, FORM, N, free.tolist())
    geometry = Geometry(batch_of(structures, CUTOFF + 0.2, N))
    columns = np.zeros((1 + len(free), geometry.n_rows(True)))
    start = np.array([p.start for p in parameters])
    assert evaluate("meam", geometry, start, free, columns, True, compiled) is None
    return split(columns, len(structures))


def _shared(structures: list[Structure]) -> Values:
    keys = list(FUNCTIONS)
    return _values(structures, list(FUNCTIONS.values()), tuple(keys.index(place) for place in PLACES))


def _case(structure: Structure) -> dict[str, Any]:
    lines = ["two elements", f"meam/spline {N} s0 s1"]
    for function in FUNCTIONS.values():
        *values, left, right = (p.start for p in function.parameters)
        lines += ["spline3eq", str(len(values)), f"{left!r} {right!r}"]
        lines += [f"{float(x)!r} {float(y)!r} 0.0" for x, y in zip(function.knots, values, strict=True)]
    cell, turn = upright(structure)
    return {
        "commands": ["pair_style meam/spline", "pair_coeff * * sample.meam s0 s1"],
        "file": "sample.meam",
        "text": "\n".join(lines) + "\n",
        "n_types": N,
        "cell": cell.tolist(),
        "positions": (structure.position @ turn).tolist(),
        "types": (structure.species + 1).tolist(),
    }


def _at_zero(function: Function) -> float:
    """Return the value at the second knot of an embedding function, which is at 0."""
    assert function.knots[1] == 0.0
    return function.parameters[1].start


def test_lammps_agrees() -> None:
    structures = [s for seed in (1, 2) for s in sample_structures("meam", N, seed).values() if all(s.pbc)]
    zero = np.array([_at_zero(FUNCTIONS["embedding-energy", (a,)]) for a in range(N)])
    for structure, wanted in zip(structures, lammps_answers([_case(s) for s in structures]), strict=True):
        found, turn = _shared([structure]), upright(structure)[1]
        # LAMMPS counts from the energy of atoms without density.
        energy = found.energies[0, 0] - zero[structure.species].sum()
        virial = turn.T @ found.virials[0, 0][[[0, 5, 4], [5, 1, 3], [4, 3, 2]]] @ turn
        scale = max(abs(wanted["energy"]), 1.0)
        assert abs(energy - wanted["energy"]) < 1e-11 * scale
        assert np.abs(found.forces[0] @ turn - np.array(wanted["forces"])).max() < 1e-11 * scale
        found_virial = virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
        assert largest_error(found_virial, np.array(wanted["virial"])) < 1e-11


def test_functions_in_several_places() -> None:
    """The derivatives by a function's parameters are the sums of those by its copies, one for each place."""
    structures = list(sample_structures("meam", N).values())
    shared = _shared(structures)
    copies = _values(structures, [FUNCTIONS[place] for place in PLACES], tuple(range(len(PLACES))))
    sizes = {key: len(function.parameters) for key, function in FUNCTIONS.items()}
    start = dict(zip(sizes, itertools.accumulate(sizes.values(), initial=1), strict=False))
    for (_, found), (_, parts) in zip(shared.parts(), copies.parts(), strict=True):
        wanted = np.zeros_like(found)
        wanted[0], column = parts[0], 1
        for place in PLACES:
            wanted[start[place] : start[place] + sizes[place]] += parts[column : column + sizes[place]]
            column += sizes[place]
        assert largest_error(found, wanted) < 1e-13
        assert np.abs(wanted[1:]).max() > 0.1
