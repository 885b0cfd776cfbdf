"""From the functions of a job to programs: forms looked up, sums, products and screening composed, then compiled."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.errors import nearest
from hpcfit.potential.expression.syntax import PRODUCT, Name, Node, Number, Operation, parse, substituted
from hpcfit.potential.forms import FUNCTION_FORMS
from hpcfit.potential.library import Functions, function_values
from hpcfit.potential.spline import CompiledFunction, Joined, Spline, compile_spline
from hpcfit.records import FloatArray, Function, FunctionCatalogue, Potential, PotentialForm, species_tuples

_VARIABLE = "x"

#: Forms made of other functions, by the operator that joins these.
_JOINED = {"sum": "+", "product": PRODUCT}

#: Forms that the kernels know as splines, which stand for themselves.
_SPLINES = ("spline", "tabulated")


def function_catalogue() -> FunctionCatalogue:
    """Return what a job may build potentials from."""
    return FunctionCatalogue(tuple(FUNCTION_FORMS.values()), check_formula)


def reach(potential: Potential, form: PotentialForm, n_species: int) -> float:
    """Return the distance, Angstrom, beyond which a potential's functions all vanish.

    Parameters
    ----------
    potential
        With functions.
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
        With functions.
    form
        Its form, with roles.
    n_species
        Number of species of the job.
    free
        Places in the potential's parameters of those to differentiate by; for none of them the programs compute
        values and slopes alone.
    fixed
        Places of those that keep their start values: programs get these as constants.

    Raises
    ------
    ValueError
        If a formula is faulty; what, found, allowed.
    """
    of_density = _with_argument("density", potential, form, n_species)
    if both := of_density & _with_argument("distance", potential, form, n_species):
        names = ", ".join(potential.functions[number].id for number in sorted(both))
        raise ValueError(f"function of a distance and of the density, found {names}, allowed one of them")
    programs, first = [], 0
    for number, function in enumerate(potential.functions):
        count = len(function.all_parameters)
        own, constant = (
            tuple(place - first for place in sorted(places) if first <= place < first + count)
            for places in (free, fixed)
        )
        try:
            programs.append(compile_function(function, own, number in of_density and len(free) > 0, constant))
        except ValueError as error:
            raise ValueError(f"function '{function.id}' of {potential.id}: {error}") from None
        first += count
    return tuple(programs)


def _with_argument(argument: str, potential: Potential, form: PotentialForm, n_species: int) -> set[int]:
    """Return the functions of an argument; for those of the density the second derivative is needed."""
    found: set[int] = set()
    place = 0
    for role in form.roles:
        count = len(species_tuples(role.kind, n_species))
        if role.argument == argument:
            found.update(potential.roles[place : place + count])
        place += count
    return found - {-1}


@functools.cache
def compile_function(
    function: Function, free: tuple[int, ...], second: bool, fixed: tuple[int, ...] = ()
) -> CompiledFunction:
    """Return the program of one function, or its spline, or a program that joins splines.

    Parameters
    ----------
    function
        The function.
    free
        Places among all its parameters of those to differentiate by.
    second
        Whether the second derivative is wanted, behind the slope.
    fixed
        Places of those that keep their start values.

    Raises
    ------
    ValueError
        If the function is faulty; what, found, allowed.
    """
    if function.form in _SPLINES and function.screening is None:
        return compile_spline(function, second)
    # SymPy takes a second to import, and only jobs with functions need it.
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.symbolic import Inner, differentiate

    names = [f"p{k}" for k in range(len(function.all_parameters))]
    trees = _Trees(second)
    known: dict[str, Node] = {name: Name(name) for name in (_VARIABLE, *names)}
    known |= {names[k]: Number(function.all_parameters[k].start) for k in fixed}
    tree = trees.tree(function, names)
    inner = [Inner(f"s{k}", f"s{k}'", f"s{k}''") for k in range(len(trees.splines))]
    known |= {function.value: Name(function.value) for function in inner}
    of_splines = {
        k for s in trees.splines for k in range(s.first_parameter, s.first_parameter + s.n_parameters)
    }
    wanted = [names[k] for k in free if k not in of_splines]
    derivatives = differentiate(substituted(tree, known), _VARIABLE, wanted, inner)
    outputs = [derivatives.value, derivatives.slope]
    if second:
        outputs.append(derivatives.second)
    outputs += [*derivatives.by_parameter, *derivatives.slope_by_parameter]
    if free:
        outputs += [
            x for pair in zip(derivatives.by_inner, derivatives.slope_by_inner, strict=True) for x in pair
        ]
    inputs = [name for s in inner for name in (s.value, s.slope, s.second)[: 2 + int(second)]]
    program = compile_outputs(outputs, _VARIABLE, names, derivatives.parts, inputs)
    return Joined(program, tuple(trees.splines)) if trees.splines else program


def tabulate(function: Function, parameters: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the value and the slope of a function at arguments `x`, by the program that the kernels execute.

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


@functools.lru_cache(maxsize=64)  # a function is evaluated again and again, and compiled slowly
def _alone(function: Function) -> Functions:
    return Functions([compile_function(function, (), False)], [function.reach], ())


def tree_at(function: Function, names: Sequence[str], argument: float) -> Node:
    """Return the value of a function at one argument as a formula in its parameters.

    Parameters
    ----------
    function
        The function.
    names
        Names for all its parameters, in order.
    argument
        Where the value is taken.

    Raises
    ------
    ValueError
        If the formula is faulty, or the argument lies outside the nodes of a spline.
    """
    if argument >= function.reach:
        return Number(0.0)
    taken = len(function.parameters)
    parts = []
    for nested in function.nested:
        parts.append(tree_at(nested, names[taken : taken + len(nested.all_parameters)], argument))
        taken += len(nested.all_parameters)
    screening = [parts.pop()] if function.screening else []
    if function.form in _JOINED:
        operator = _JOINED[function.form]
        own = functools.reduce(lambda left, right: Operation(operator, (left, right)), parts)
    elif function.form in _SPLINES:
        own = _spline_at(function, names, argument)
    else:
        known: dict[str, Node] = {name: Name(name) for name in names}
        own = substituted(_own_tree(function, names), known | {_VARIABLE: Number(argument)})
    return functools.reduce(lambda left, right: Operation("*", (left, right)), screening, own)


def _spline_at(function: Function, names: Sequence[str], argument: float) -> Node:
    """Return the value of a spline: a sum of its parameters, each times a number, and of what is there without any."""
    from scipy.interpolate import CubicHermiteSpline

    spline = compile_spline(function, False)
    if not spline.knots[0] <= argument <= spline.knots[-1]:
        allowed = f"{spline.knots[0]} .. {spline.knots[-1]}"
        raise ValueError(f"value of a spline outside its nodes, found {argument}, allowed {allowed}")
    *weights, constant = CubicHermiteSpline(spline.knots, spline.values.T, spline.slopes.T)(argument)
    terms = [Operation("*", (Number(float(w)), Name(name))) for w, name in zip(weights, names, strict=False)]
    start: Node = Number(float(constant))
    return functools.reduce(lambda left, right: Operation("+", (left, right)), terms, start)


def check_formula(formula: str, names: Collection[str]) -> None:
    """Check the text of a user's formula that may use `names`.

    Raises
    ------
    ValueError
        What is wrong, what was found, what is allowed.
    """
    parse(formula, names)


@dataclass(frozen=True)
class Disagreement:
    """Where a derivative that was given differs most from the exact one.

    Parameters
    ----------
    x
        The argument.
    exact, given
        The two values there.
    error
        Their difference relative to the larger of them, and at least to 1e-9 of the largest exact value.
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
    """Compare what is said to be a formula's derivative with the exact one.

    Parameters
    ----------
    formula, derivative
        Both in `variable`, the names of `parameters` and ``cutoff``.
    points
        [n >= 1], arguments to compare at; those where the exact derivative is not finite do not count.

    Raises
    ------
    ValueError
        If a formula is faulty; what, found, allowed.
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


class _Trees:
    """Makes the syntax trees of one function and its parts, in which splines are names: ``s0``, ``s1``, ...

    Parameters
    ----------
    second
        Whether second derivatives of the splines are wanted.
    """

    def __init__(self, second: bool) -> None:
        self._second = second
        self.splines: list[Spline] = []  #: those met so far
        self._taken = 0  #: parameters met so far

    def tree(self, function: Function, names: Sequence[str]) -> Node:
        """Return the tree of a function with the next parameters; `names` are those of all parameters."""
        first = self._taken
        self._taken += len(function.parameters)
        if function.form in _JOINED:
            if not function.children:
                raise ValueError(
                    f"{function.form} without parts, found no terms or factors, allowed one or more"
                )
            operator = _JOINED[function.form]
            parts = [self._cut(child, names, function.reach) for child in function.children]
            tree = functools.reduce(lambda left, right: Operation(operator, (left, right)), parts)
        elif function.form in _SPLINES:
            tree = Name(f"s{len(self.splines)}")
            self.splines.append(compile_spline(function, self._second, first))
        else:
            tree = _own_tree(function, names[first:])
        if function.screening:
            tree = Operation(PRODUCT, (tree, self._cut(function.screening, names, function.reach)))
        return tree

    def _cut(self, function: Function, names: Sequence[str], reach: float) -> Node:
        """Return the tree of a part of another function of some reach, zero from the part's own cut-off on."""
        tree = self.tree(function, names)
        if function.reach >= reach:
            return tree
        inside = Operation("<", (Name(_VARIABLE), Number(function.reach)))
        return Operation("?:", (inside, tree, Number(0.0)))


def _own_tree(function: Function, names: Sequence[str]) -> Node:
    if not function.formula and function.form not in FUNCTION_FORMS:
        like = nearest(function.form, FUNCTION_FORMS)
        raise ValueError(f"unknown function, found '{function.form}'" + (f", nearest {like}" if like else ""))
    formula = function.formula or FUNCTION_FORMS[function.form].formula
    variable = function.variable or _VARIABLE
    tree = parse(formula, [variable, *function.names, "cutoff"])
    known: dict[str, Node] = {variable: Name(_VARIABLE), "cutoff": Number(function.cutoff)}
    known |= {name: Name(new) for name, new in zip(function.names, names[: len(function.names)], strict=True)}
    return substituted(tree, known)
