"""Samples for potentials built from functions: for every role and combination of species another function.

Each formula is said twice: as the text that is compiled, and as a NumPy function for the oracles.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import Functions
from hpcfit.records import (
    FloatArray,
    Function,
    Parameter,
    ParameterKind,
    Potential,
    PotentialForm,
    species_tuples,
)
from tests.physics.oracle_forms import spline
from tests.physics.oracle_function_cases import FUNCTION_CASES, FunctionCase


@dataclass(frozen=True)
class Formula:
    """A function of one variable ``x``: its text, its parameters with bounds, and the same in NumPy.

    One with knots is a spline, without a text. One that is joined with a term and a factor is a spline too: the sum of
    it and the first of two texts, screened by the second one, with a parameter each.
    """

    text: str
    bounds: dict[str, tuple[float, float]]
    reference: Callable[..., Any]  #: of x, the cut-off and the parameters
    knots: tuple[float, ...] = ()
    kinks: tuple[float, ...] = ()  #: where high derivatives jump
    joined: tuple[Formula, str, str] | None = None


def _clamped(knots: tuple[float, ...], low: float, high: float) -> Formula:
    names = [*(f"node[{k}].y" for k in range(len(knots))), "derivative-left", "derivative-right"]
    return Formula(
        "",
        dict.fromkeys(names, (low, high)),
        lambda x, c, *p: spline(x, knots, np.array(p[:-2]), p[-2:]),
        knots,
    )


def _natural(knots: tuple[float, ...], low: float, high: float) -> Formula:
    names = [f"node[{k}].y" for k in range(len(knots))]
    return Formula(
        "", dict.fromkeys(names, (low, high)), lambda x, c, *p: spline(x, knots, np.array(p), None), knots
    )


def _joined(
    spline: Formula, term: str, factor: str, reference: Callable[..., Any], kinks: tuple[float, ...]
) -> Formula:
    """Return (spline + term) * factor; `reference` is of the spline's value, x, the cut-off, `a` and `q`."""
    n = len(spline.bounds)
    return Formula(
        "",
        {**spline.bounds, "a": (0.05, 0.1), "q": (1.0, 1.2)},
        lambda x, c, *p: reference(spline.reference(x, c, *p[:n]), x, c, *p[n:]),
        kinks=kinks,
        joined=(spline, term, factor),
    )


#: Exponentials like Stillinger-Weber's take all of them to zero at the cut-off, with all derivatives.
FORMULAS = {
    "distance": (
        Formula(
            "A*exp(-b*x + 1/(x-cutoff))",
            {"A": (2.0, 5.0), "b": (0.8, 1.2)},
            lambda x, c, A, b: A * np.exp(-b * x + 1 / (x - c)),
        ),
        _joined(
            _clamped((2.0, 2.4, 3.1, 3.9, 5.5), 0.2, 0.6),
            "a*x",
            "exp(q/(x-cutoff))",
            lambda s, x, c, a, q: (s + a * x) * np.exp(q / (x - c)),
            kinks=(2.4, 3.1, 3.9),
        ),
        Formula(
            "A*(s/x)^n*exp(1.5/(x-cutoff))",
            {"A": (0.6, 1.0), "s": (2.0, 2.5), "n": (2.1, 3.9)},
            lambda x, c, A, s, n: A * (s / x) ** n * np.exp(np.longdouble(1.5) / (x - c)),
        ),
        Formula(
            "A/(1 + (x/s)^4)*exp(1/(x-cutoff))",
            {"A": (1.0, 2.0), "s": (2.0, 3.0)},
            lambda x, c, A, s: A / (1 + (x / s) ** 4) * np.exp(1 / (x - c)),
        ),
        Formula(
            "A*(1 + (x < 3 ? k*(3-x)^4 : 0))*exp(1/(x-cutoff))",
            {"A": (0.5, 1.0), "k": (3.0, 6.0)},
            lambda x, c, A, k: A * (1 + np.where(x < 3, k * (3 - x) ** 4, 0)) * np.exp(1 / (x - c)),
            kinks=(3.0,),
        ),
        _clamped((2.0, 2.3, 2.9, 3.4, 4.0, 4.8), 0.2, 0.6),
    ),
    "density": (
        Formula(
            "-D*sqrt(x + s)",
            {"D": (0.5, 2.0), "s": (0.1, 0.5)},
            lambda x, c, D, s: -D * np.sqrt(x + s),
        ),
        Formula(
            "a*x*log(x + q) + x/4",
            {"a": (0.3, 0.8), "q": (0.5, 1.5)},
            lambda x, c, a, q: a * x * np.log(x + q) + x / 4,
        ),
        _joined(
            _natural((-1.0, -0.5, 12.0, 13.0), -1.0, 0.5),
            "a*x^2",
            "q + x/9",
            lambda s, x, c, a, q: (s + a * x**2) * (q + x / 9),
            kinks=(),
        ),
        # All densities lie between two knots: differences across one, where third derivatives jump, are worth little.
        # Steep: where F' is small, derivatives of a density cannot be told from rounding of the energies.
        _natural((-1.0, -0.5, 12.0, 13.0), -8.0, 4.0),
        Formula(
            "a*x^2 - b*x",
            {"a": (0.1, 0.2), "b": (0.5, 1.5)},
            lambda x, c, a, b: a * x**2 - b * x,
        ),
    ),
    "cosine": (
        _joined(
            _clamped((-1.0, -0.4, 0.3, 1.0), 0.1, 0.4),
            "a*x^2",
            "q + x/5",
            lambda s, x, c, a, q: (s + a * x**2) * (q + x / 5),
            kinks=(),
        ),
        Formula(
            "a*(x - h)^2 + b",
            {"a": (0.3, 0.6), "h": (-0.5, 0.1), "b": (0.1, 0.3)},
            lambda x, c, a, h, b: a * (x - h) ** 2 + b,
        ),
        Formula(
            "a*exp(-k*(x - 0.25)^2)",
            {"a": (0.2, 0.5), "k": (0.5, 1.5)},
            lambda x, c, a, k: a * np.exp(-k * (x - np.longdouble(0.25)) ** 2),
        ),
        Formula(
            "a + b*x + d*x^3",
            {"a": (0.3, 0.5), "b": (-0.2, 0.2), "d": (-0.1, 0.1)},
            lambda x, c, a, b, d: a + b * x + d * x**3,
        ),
        _clamped((-1.0, -0.4, 0.3, 1.0), 0.1, 0.4),
    ),
}


#: Factors on the values of functions whose squares enter the energy, with powers of the distance or for every triplet.
STRENGTHS = {"u-function": 0.2, "w-function": 0.05, "f-function": 0.5}


@dataclass(frozen=True)
class SampleFunction:
    """One function of a sample: the role and species it is for, and both ways of saying it."""

    role: str
    species: tuple[int, ...]
    formula: Formula
    record: Function


@functools.cache
def sample_functions(form: PotentialForm, n_species: int) -> tuple[SampleFunction, ...]:
    """Return the functions of a potential in the order of its roles, all different."""
    rng = np.random.default_rng(11)
    if form.name in FUNCTION_CASES:
        return tuple(_functions_of_case(rng, form, FUNCTION_CASES[form.name]))
    found: list[SampleFunction] = []
    for place, role in enumerate(form.roles):
        for k, species in enumerate(species_tuples(role.kind, n_species)):
            # Splines with free ends jump at their cut-off, where the tests of one species look.
            formulas = [f for f in FORMULAS[role.argument] if n_species > 1 or not f.knots]
            formula = formulas[(place + k) % len(formulas)]
            # The first role reaches farthest with one species, and others with several.
            cutoff = 5.0 - 0.25 * place + 0.1 * k if role.argument == "distance" else np.inf
            found.append(
                SampleFunction(role.name, species, formula, _record(rng, role.name, species, formula, cutoff))
            )
    return tuple(found)


def _functions_of_case(
    rng: np.random.Generator, form: PotentialForm, case: FunctionCase
) -> Iterator[SampleFunction]:
    """Yield the case's function, and for the other roles formulas."""
    for role in form.roles:
        if role.name == case.role:
            formula, record = Formula("", {}, case.reference, kinks=case.kinks), case.record
        else:
            formula = FORMULAS[role.argument][0]
            record = _record(rng, role.name, (0,), formula, 4.9 if role.argument == "distance" else np.inf)
        if role.name == "electron-density" and role.name != case.role:
            strength = replace(record.parameters[0], start=case.density * record.parameters[0].start)
            record = replace(record, parameters=(strength, *record.parameters[1:]))
        yield SampleFunction(role.name, species_tuples(role.kind, 1)[0], formula, record)


def _record(
    rng: np.random.Generator, role: str, species: tuple[int, ...], formula: Formula, cutoff: float
) -> Function:
    name = "-".join([role, *map(str, species)])
    values = {p: float(rng.uniform(*bounds)) for p, bounds in formula.bounds.items()}
    linear = set(values) - {"q"} if formula.knots or formula.joined else {"A"} & set(values)
    values |= {p: STRENGTHS.get(role, 1.0) * values[p] for p in linear}
    return _function(name, formula, values, float(cutoff))


def _function(name: str, formula: Formula, values: dict[str, float], cutoff: float) -> Function:
    if formula.joined:
        spline, *texts = formula.joined
        parts = [
            Formula(text, {p: formula.bounds[p]}, formula.reference)
            for text, p in zip(texts, "aq", strict=True)
        ]
        inner = [_function(name, part, values, cutoff) for part in (spline, *parts)]
        inner = [
            replace(part, id=label) for part, label in zip(inner, ("spline", "term", "factor"), strict=True)
        ]
        return Function(name, "sum", (), (), cutoff=cutoff, children=tuple(inner[:2]), screening=inner[2])
    return Function(
        id=name,
        form="spline" if formula.knots else "user-function",
        names=tuple(formula.bounds),
        parameters=tuple(
            Parameter(f"P.{name}.{p}", "", values[p], -np.inf, np.inf, True) for p in formula.bounds
        ),
        formula=formula.text,
        variable="x",
        knots=formula.knots,
        cutoff=cutoff,
    )


def function_parameters(form: PotentialForm, n_species: int) -> FloatArray:
    """Return the parameters of all functions of a sample."""
    return np.array([p.start for f in sample_functions(form, n_species) for p in f.record.all_parameters])


def parameter_names(record: Function) -> list[str]:
    """Return the names of all parameters of a function, in order."""
    return [*record.names, *(name for nested in record.nested for name in parameter_names(nested))]


def free_places(form: PotentialForm, n_species: int) -> NDArray[np.int32]:
    """Return the places of the parameters to differentiate by: all, or those of the one function that is shown."""
    functions = sample_functions(form, n_species)
    sizes = [len(f.record.all_parameters) for f in functions]
    shown = [
        f.role == FUNCTION_CASES[form.name].role if form.name in FUNCTION_CASES else True for f in functions
    ]
    return np.flatnonzero(np.repeat(shown, sizes)).astype(np.int32)


def function_cutoffs(form: PotentialForm, n_species: int) -> FloatArray:
    """Return the cut-offs [..., n_species, n_species] of the functions of the distance, and where they have kinks."""
    roles = [role for role in form.roles if role.argument == "distance"]
    found = np.zeros((len(roles), 8, n_species, n_species))
    places = {role.name: (k, role.kind) for k, role in enumerate(roles)}
    for function in sample_functions(form, n_species):
        if function.role in places:
            k, kind = places[function.role]
            for a, b in _orders(kind, function.species):
                kinks = [
                    x
                    for x in (*function.formula.knots, *function.formula.kinks)
                    if x < function.record.cutoff
                ]
                found[k, : len(kinks) + 1, a, b] = function.record.cutoff, *kinks
    return found


def compiled_functions(form: PotentialForm, n_species: int, free: NDArray[np.int32]) -> Functions | None:
    """Return a sample's functions for a choice of free parameters; None for a form without roles."""
    if not form.takes_functions:
        return None
    records = tuple(f.record for f in sample_functions(form, n_species))
    parameters = tuple(p for record in records for p in record.all_parameters)
    potential = Potential("P", form.name, parameters, records, tuple(range(len(records))))
    return compile_potential(potential, form, n_species, [int(place) for place in free])


def function_tables(form: PotentialForm, n_species: int) -> dict[str, NDArray[Any]]:
    """Return for every role an array over species of NumPy functions, and the cut-offs."""
    found: dict[str, NDArray[Any]] = {"cutoff": function_cutoffs(form, n_species)}
    for role in form.roles:
        of_role = [f for f in sample_functions(form, n_species) if f.role == role.name]
        table = np.empty((n_species,) * len(of_role[0].species), dtype=object)
        for function in of_role:
            for species in _orders(role.kind, function.species):
                table[species] = _callable(function)
        found[role.name] = table
    return found


def _orders(kind: ParameterKind, species: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the orders of a combination of species that share one function."""
    if kind is ParameterKind.PAIR:
        yield from itertools.permutations(species)
    elif kind is ParameterKind.TRIPLET:
        yield from ((species[0], *rest) for rest in itertools.permutations(species[1:]))
    else:
        yield species


def _callable(function: SampleFunction) -> Callable[[Any], Any]:
    """Return the function in extended precision, zero from its cut-off on."""
    values = [np.longdouble(p.start) for p in function.record.all_parameters]
    cutoff = np.longdouble(function.record.cutoff)

    def call(x: Any) -> Any:
        found = np.zeros(np.shape(x), dtype=np.longdouble)
        found[x < cutoff] = function.formula.reference(x[x < cutoff], cutoff, *values)
        return found

    return call
