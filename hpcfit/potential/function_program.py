"""Compilation of one function of a job, or two for the same pairs, to a program."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpcfit.catalogue import records
from hpcfit.errors import nearest
from hpcfit.potential.expression.endings import BOUND, ended
from hpcfit.potential.expression.syntax import PRODUCT, Name, Node, Number, Operation, parse, substituted
from hpcfit.potential.program import Program
from hpcfit.potential.spline import CompiledFunction, Spline, SplineProgram, compile_spline
from hpcfit.records import Function, FunctionForm

VARIABLE = "x"

#: The built-in functions by name.
FUNCTION_FORMS = {form.name: form for form in records("hpcfit.potential.function_forms", FunctionForm)}

#: Forms made of other functions, by the operator that combines them.
JOINED = {"sum": "+", "product": PRODUCT}

#: Forms that the kernels evaluate as splines.
SPLINES = ("spline", "tabulated")


@functools.cache
def compile_function(
    function: Function, free: tuple[int, ...], second: bool, fixed: tuple[int, ...] = ()
) -> CompiledFunction:
    """Return the program of one function, its spline, or its spline program.

    Parameters
    ----------
    function
        The function.
    free
        Indices of the parameters to differentiate by.
    second
        Whether to compute the second derivative, after the slope.
    fixed
        Indices of the parameters that keep their start values.

    Raises
    ------
    ValueError
        If the function is invalid.
    """
    if function.form in SPLINES and function.screening is None:
        return compile_spline(function, second)
    # SymPy takes a second to import and is needed for functions only.
    from hpcfit.potential.expression.compiler import compile_outputs

    made = _derived(function, free, second, fixed)
    program = compile_outputs(made.outputs, VARIABLE, made.names, made.parts, made.inputs)
    return SplineProgram(program, made.splines) if made.splines else program


@functools.cache
def compile_fused_pair(
    first: Function,
    second: Function,
    free: tuple[int, ...],
    fixed: tuple[int, ...],
    second_free: tuple[int, ...],
    second_fixed: tuple[int, ...],
) -> Program | None:
    """Return one program for two functions of the distance, None if their screening functions differ in form.

    Parameters and outputs are those of the first function, then those of the second.

    Parameters
    ----------
    first, second
        The functions, without splines.
    free, second_free
        Indices of the parameters of each to differentiate by.
    fixed, second_fixed
        Indices of the parameters that keep their start values.
    """
    # This choice depends on the functions alone, so bits are the same with and without derivatives.
    screening = first.screening, second.screening
    if screening[0] is None or screening[1] is None:
        return None
    if (screening[0].form, screening[0].formula) != (screening[1].form, screening[1].formula):
        return None
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.symbolic import with_fresh_symbols

    one = _derived(first, free, False, fixed)
    two = _derived(second, second_free, False, second_fixed, len(one.names))
    outputs, parts = with_fresh_symbols(two.outputs, two.parts)
    rows = [*one.outputs, *outputs]
    return compile_outputs(rows, VARIABLE, one.names + two.names, one.parts | parts, (), len(one.outputs))


@dataclass(frozen=True)
class _Derived:
    """The outputs of a function's program."""

    names: tuple[str, ...]  #: of its parameters
    outputs: tuple[Any, ...]
    parts: dict[Any, Any]
    inputs: tuple[str, ...]
    splines: tuple[Spline, ...]


def _derived(
    function: Function, free: tuple[int, ...], second: bool, fixed: tuple[int, ...], number: int = 0
) -> _Derived:
    """Return a function's outputs; its parameters are numbered from `number`."""
    from hpcfit.potential.expression.symbolic import Inner, differentiate

    names = [f"p{number + k}" for k in range(len(function.all_parameters))]
    tree, splines = composed(function, names, second, fixed)
    inner = [Inner(f"s{k}", f"s{k}'", f"s{k}''") for k in range(len(splines))]
    of_splines = {k for s in splines for k in range(s.first_parameter, s.first_parameter + s.n_parameters)}
    wanted = [names[k] for k in free if k not in of_splines]
    derivatives = differentiate(tree, VARIABLE, wanted, inner)
    outputs = [derivatives.value, derivatives.slope]
    if second:
        outputs.append(derivatives.second)
    outputs += [*derivatives.by_parameter, *derivatives.slope_by_parameter]
    if free:
        outputs += [
            x for pair in zip(derivatives.by_inner, derivatives.slope_by_inner, strict=True) for x in pair
        ]
    inputs = [name for s in inner for name in (s.value, s.slope, s.second)[: 2 + int(second)]]
    return _Derived(tuple(names), tuple(outputs), derivatives.parts, tuple(inputs), tuple(splines))


def composed(
    function: Function, names: Sequence[str], second: bool, fixed: Sequence[int]
) -> tuple[Node, list[Spline]]:
    """Return the tree of a function with its nested functions, and its splines, named ``s0``, ``s1``, ... in it.

    Parameters
    ----------
    function
        The function.
    names
        Names of all its parameters.
    second
        Whether to compute second derivatives of the splines.
    fixed
        Indices of the parameters that keep their start values.
    """
    trees = _Trees(second)
    tree = trees.tree(function, names)
    known: dict[str, Node] = {name: Name(name) for name in (VARIABLE, BOUND, *names)}
    known |= {names[k]: Number(function.all_parameters[k].start) for k in fixed}
    known |= {f"s{k}": Name(f"s{k}") for k in range(len(trees.splines))}
    return substituted(tree, known), trees.splines


def own_tree(function: Function, names: Sequence[str]) -> Node:
    """Return the formula of a function without nested functions, with given names of its parameters."""
    if not function.formula and function.form not in FUNCTION_FORMS:
        like = nearest(function.form, FUNCTION_FORMS)
        raise ValueError(f"unknown function, found '{function.form}'" + (f", nearest {like}" if like else ""))
    formula = function.formula or FUNCTION_FORMS[function.form].formula
    variable = function.variable or VARIABLE
    tree = parse(formula, [variable, *function.names, "cutoff"])
    known: dict[str, Node] = {variable: Name(VARIABLE), "cutoff": Number(function.cutoff)}
    known |= {name: Name(new) for name, new in zip(function.names, names[: len(function.names)], strict=True)}
    tree = substituted(tree, known)
    width, used = function.taper_width, [VARIABLE, *names]
    return ended(tree, function.ending, VARIABLE, function.cutoff, width, used)


class _Trees:
    """Builds the syntax trees of one function and its parts; splines are names: ``s0``, ``s1``, ...

    Parameters
    ----------
    second
        Whether to compute second derivatives of the splines.
    """

    def __init__(self, second: bool) -> None:
        self._second = second
        self.splines: list[Spline] = []  #: splines found so far
        self._taken = 0  #: number of parameters used so far

    def tree(self, function: Function, names: Sequence[str]) -> Node:
        """Return the tree of a function with the next parameters; `names` are the names of all parameters."""
        first = self._taken
        self._taken += len(function.parameters)
        if function.form in JOINED:
            if not function.children:
                raise ValueError(
                    f"{function.form} without parts, found no terms or factors, allowed one or more"
                )
            operator = JOINED[function.form]
            parts = [self._cut(child, names, function.reach) for child in function.children]
            tree = functools.reduce(lambda left, right: Operation(operator, (left, right)), parts)
        elif function.form in SPLINES:
            tree = Name(f"s{len(self.splines)}")
            self.splines.append(compile_spline(function, self._second, first))
        else:
            tree = own_tree(function, names[first:])
        if function.screening:
            tree = Operation(PRODUCT, (tree, self._cut(function.screening, names, function.reach)))
        return tree

    def _cut(self, function: Function, names: Sequence[str], reach: float) -> Node:
        """Return the tree of a part of another function of some reach, zero from the part's own cut-off on."""
        tree = self.tree(function, names)
        if function.reach >= reach:
            return tree
        inside = Operation("<", (Name(VARIABLE), Number(function.reach)))
        return Operation("?:", (inside, tree, Number(0.0)))
