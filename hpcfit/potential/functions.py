"""Compilation of the functions of a job's potentials to programs."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcfit.potential.expression.endings import BOUND
from hpcfit.potential.expression.syntax import Name, Node, Number, Operation, parse, substituted
from hpcfit.potential.function_program import (
    FUNCTION_FORMS,
    JOINED,
    SPLINES,
    VARIABLE,
    compile_function,
    compile_fused_pair,
    own_tree,
)
from hpcfit.potential.library import function_values
from hpcfit.potential.library_functions import Functions
from hpcfit.potential.program import Program
from hpcfit.potential.spline import CompiledFunction, compile_spline
from hpcfit.records import (
    FloatArray,
    Function,
    FunctionCatalogue,
    ParameterKind,
    Potential,
    PotentialForm,
    species_tuples,
)


def function_catalogue() -> FunctionCatalogue:
    """Return the functions that a job may build potentials from."""
    return FunctionCatalogue(tuple(FUNCTION_FORMS.values()), check_formula)


def reach(potential: Potential, form: PotentialForm, n_species: int) -> float:
    """Return the distance, Angstrom, beyond which all functions of a potential vanish.

    Parameters
    ----------
    potential
        A potential with functions.
    form
        Its form, with roles.
    n_species
        Number of species of the job.
    """
    used = _with_argument("distance", potential, form, n_species)
    return max((potential.functions[number].reach for number in used), default=0.0)


def compile_potential(
    potential: Potential, form: PotentialForm, n_species: int, free: Collection[int]
) -> Functions:
    """Return a potential's functions for the kernels, from `compile_programs` with the same arguments."""
    return functions_of(potential, compile_programs(potential, form, n_species, free))


def functions_of(potential: Potential, programs: Sequence[CompiledFunction]) -> Functions:
    """Return a potential's functions for the kernels from its programs."""
    return Functions(programs, [function.reach for function in potential.functions], potential.roles)


def compile_programs(
    potential: Potential,
    form: PotentialForm,
    n_species: int,
    free: Collection[int],
    fixed: Collection[int] = (),
) -> tuple[CompiledFunction, ...]:
    """Return the programs of a potential's functions, with derivatives by some of its parameters.

    Parameters
    ----------
    potential
        A potential with functions.
    form
        Its form, with roles.
    n_species
        Number of species of the job.
    free
        Indices of the parameters to differentiate by; if empty, programs compute values and slopes alone.
    fixed
        Indices of the parameters that keep their start values, which are constants in programs.

    Raises
    ------
    ValueError
        If a formula is invalid.
    """
    of_density = _with_argument("density", potential, form, n_species)
    if both := of_density & _with_argument("distance", potential, form, n_species):
        names = ", ".join(potential.functions[number].id for number in sorted(both))
        raise ValueError(f"function of a distance and of the density, found {names}, allowed one of them")
    programs: list[CompiledFunction] = []
    places, first = [], 0
    for number, function in enumerate(potential.functions):
        count = len(function.all_parameters)
        own, constant = (
            tuple(place - first for place in sorted(chosen) if first <= place < first + count)
            for chosen in (free, fixed)
        )
        try:
            programs.append(compile_function(function, own, number in of_density and len(free) > 0, constant))
        except ValueError as error:
            raise ValueError(f"function '{function.id}' of {potential.id}: {error}") from None
        places.append((own, constant))
        first += count
    for number, other in _fused_pairs(potential, form, n_species).items():
        one, two = programs[number], programs[other]
        functions = potential.functions[number], potential.functions[other]
        if isinstance(one, Program) and isinstance(two, Program):
            fused = compile_fused_pair(*functions, *places[number], *places[other])
            programs[number] = replace(one, fused_with=other, fused=fused)
    return tuple(programs)


def _fused_pairs(potential: Potential, form: PotentialForm, n_species: int) -> dict[int, int]:
    """Return, by function of unordered pairs, the function of ordered pairs for the same pairs."""
    of_role: dict[ParameterKind, dict[tuple[int, ...], int]] = {}
    place = 0
    for role in form.roles:
        tuples = species_tuples(role.kind, n_species)
        of_role.setdefault(role.kind, dict(zip(tuples, potential.roles[place:], strict=False)))
        place += len(tuples)
    ordered = of_role.get(ParameterKind.ORDERED_PAIR, {})
    found: dict[int, int] = {}
    for species, number in of_role.get(ParameterKind.PAIR, {}).items():
        if -1 not in (number, other := ordered.get(species, -1)) and number != other:
            found.setdefault(number, other)
    return found


def _with_argument(argument: str, potential: Potential, form: PotentialForm, n_species: int) -> set[int]:
    """Return the functions of an argument; those of the density need second derivatives."""
    found: set[int] = set()
    place = 0
    for role in form.roles:
        count = len(species_tuples(role.kind, n_species))
        if role.argument == argument:
            found.update(potential.roles[place : place + count])
        place += count
    return found - {-1}


def tabulate(function: Function, parameters: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the value and the slope of a function at arguments `x`, from the kernels' program.

    Parameters
    ----------
    function
        The function; the start values of its parameters are not used.
    parameters
        [n_parameters], values of `Function.all_parameters`.
    x
        [n], Angstrom for a function of the distance.
    """
    value, slope = function_values(_alone(function), 0, parameters, x)
    return value, slope


@functools.lru_cache(maxsize=64)  # compilation is slow compared with an evaluation
def _alone(function: Function) -> Functions:
    return Functions([compile_function(function, (), False)], [function.reach], ())


def tree_at(function: Function, names: Sequence[str], argument: float) -> Node:
    """Return the value of a function at one argument as a formula in its parameters.

    Parameters
    ----------
    function
        The function.
    names
        Names of all its parameters, in order.
    argument
        The argument.

    Raises
    ------
    ValueError
        If the formula is invalid, or the argument lies outside the nodes of a spline.
    """
    if argument >= function.reach:
        return Number(0.0)
    taken = len(function.parameters)
    parts = []
    for nested in function.nested:
        parts.append(tree_at(nested, names[taken : taken + len(nested.all_parameters)], argument))
        taken += len(nested.all_parameters)
    screening = [parts.pop()] if function.screening else []
    if function.form in JOINED:
        operator = JOINED[function.form]
        own = functools.reduce(lambda left, right: Operation(operator, (left, right)), parts)
    elif function.form in SPLINES:
        own = _spline_at(function, names, argument)
    else:
        known: dict[str, Node] = {name: Name(name) for name in (BOUND, *names)}
        own = substituted(own_tree(function, names), known | {VARIABLE: Number(argument)})
    return functools.reduce(lambda left, right: Operation("*", (left, right)), screening, own)


def _spline_at(function: Function, names: Sequence[str], argument: float) -> Node:
    """Return the value of a spline as a linear combination of its parameters plus a constant."""
    from scipy.interpolate import CubicHermiteSpline

    spline = compile_spline(function, False)
    if not spline.knots[0] <= argument <= spline.knots[-1]:
        allowed = f"{spline.knots[0]} .. {spline.knots[-1]}"
        raise ValueError(f"value of a spline outside its nodes, found {argument}, allowed {allowed}")
    values, slopes = (table.dense(len(spline.knots)).T for table in (spline.values, spline.slopes))
    *weights, constant = CubicHermiteSpline(spline.knots, values, slopes)(argument)
    terms = [Operation("*", (Number(float(w)), Name(name))) for w, name in zip(weights, names, strict=False)]
    start: Node = Number(float(constant))
    return functools.reduce(lambda left, right: Operation("+", (left, right)), terms, start)


def check_formula(formula: str, names: Collection[str]) -> None:
    """Check the text of a user's formula that may use `names`.

    Raises
    ------
    ValueError
        If the formula is invalid.
    """
    parse(formula, names)


@dataclass(frozen=True)
class Disagreement:
    """The largest difference between a given derivative and the exact one.

    Parameters
    ----------
    x
        The argument.
    exact, given
        The two values there.
    error
        Their difference relative to the larger of them, or to 1e-9 of the largest exact value if that is larger.
    """

    x: float
    exact: float
    given: float
    error: float


def check_derivative(
    formula: str,
    derivative: str,
    variable: str,
    parameters: dict[str, float],
    cutoff: float,
    points: FloatArray,
) -> Disagreement:
    """Compare a given derivative of a formula with the exact one.

    Parameters
    ----------
    formula, derivative
        Both in `variable`, the names of `parameters` and ``cutoff``.
    points
        [n >= 1], arguments; those without a finite exact derivative do not count.

    Raises
    ------
    ValueError
        If a formula is invalid.
    """
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.interpreter import run
    from hpcfit.potential.expression.symbolic import differentiate, to_sympy

    names = [*parameters, "cutoff"]
    trees = [parse(text, [variable, *names]) for text in (formula, derivative)]
    outputs = [differentiate(trees[0], variable, ()).slope, to_sympy(trees[1])]
    exact, given = run(compile_outputs(outputs, variable, names), [*parameters.values(), cutoff], points)
    counts = np.isfinite(exact)
    if not counts.any():
        return Disagreement(float(points[0]), float(exact[0]), float(given[0]), 0.0)
    floor = max(1e-9 * float(np.abs(exact[counts]).max()), np.finfo(float).tiny)
    with np.errstate(invalid="ignore"):
        errors = np.abs(given - exact) / np.maximum(np.maximum(np.abs(exact), np.abs(given)), floor)
    errors = np.where(counts, np.where(np.isfinite(errors), errors, np.inf), 0.0)
    worst = int(errors.argmax())
    return Disagreement(float(points[worst]), float(exact[worst]), float(given[worst]), float(errors[worst]))
