"""From the functions of a job to programs: forms looked up, sums, products and screening composed, then compiled."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Sequence

from hpcfit.potential.expression.syntax import Name, Node, Number, Operation, parse
from hpcfit.potential.forms import FUNCTION_FORMS
from hpcfit.potential.library import Functions, function_values
from hpcfit.potential.program import Program
from hpcfit.records import FloatArray, Function, Potential, PotentialForm, species_tuples

_VARIABLE = "x"

#: Forms made of other functions, by the operator that joins these.
_JOINED = {"sum": "+", "product": "*"}


def reach(function: Function) -> float:
    """Return where a function vanishes for good, Angstrom; infinite where it never does."""
    own = function.cutoff
    if function.children:
        parts = [reach(child) for child in function.children]
        own = min(own, max(parts) if function.form == "sum" else min(parts))
    return min(own, reach(function.screening)) if function.screening else own


def compile_potential(
    potential: Potential, form: PotentialForm, n_species: int, free: Collection[int]
) -> Functions:
    """Return a potential's functions, compiled for derivatives by some of its parameters.

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

    Raises
    ------
    ValueError
        If a formula is faulty; what, found, allowed.
    """
    of_density = _of_density(potential, form, n_species)
    programs, cutoffs, first = [], [], 0
    for number, function in enumerate(potential.functions):
        count = len(function.all_parameters)
        own = [place - first for place in sorted(free) if first <= place < first + count]
        second = number in of_density and len(free) > 0
        programs.append(compile_function(function, own, second))
        cutoffs.append(math.inf if number in of_density else reach(function))
        first += count
    return Functions(programs, cutoffs, potential.roles)


def _of_density(potential: Potential, form: PotentialForm, n_species: int) -> set[int]:
    """Return the functions whose second derivative is needed: those of the density."""
    found: set[int] = set()
    place = 0
    for role in form.roles:
        count = len(species_tuples(role.kind, n_species))
        if role.argument == "density":
            found.update(potential.roles[place : place + count])
        place += count
    return found


def compile_function(function: Function, free: Sequence[int], second: bool) -> Program:
    """Return the program of one function.

    Parameters
    ----------
    function
        The function.
    free
        Places among all its parameters of those to differentiate by.
    second
        Whether the second derivative is wanted, behind the slope.
    """
    # SymPy takes a second to import, and only jobs with functions need it.
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.symbolic import differentiate

    names = [f"p{k}" for k in range(len(function.all_parameters))]
    derivatives = differentiate(_tree(function, names), _VARIABLE, [names[k] for k in free])
    outputs = [derivatives.value, derivatives.slope]
    if second:
        outputs.append(derivatives.second)
    outputs += [*derivatives.by_parameter, *derivatives.slope_by_parameter]
    return compile_outputs(outputs, _VARIABLE, names)


def tabulate(
    function: Function, parameters: FloatArray, x: FloatArray, of_density: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Return the value and the slope of a function at arguments `x`, by the program that the kernels execute.

    Parameters
    ----------
    function
        The function; the start values of its parameters are not used.
    parameters
        [n_parameters], values of `Function.all_parameters`.
    x
        [n], Angstrom for a function of the distance.
    of_density
        Whether it is a function of the density, which no cut-off ends.
    """
    value, slope = function_values(_alone(function, of_density), 0, parameters, x)
    return value, slope


@functools.lru_cache(maxsize=64)  # a function is evaluated again and again, and compiled slowly
def _alone(function: Function, of_density: bool) -> Functions:
    cutoff = math.inf if of_density else reach(function)
    return Functions([compile_function(function, (), False)], [cutoff], ())


def check_formula(formula: str, variable: str, names: Collection[str]) -> None:
    """Check the text of a user's formula in `variable` and the parameters `names`; ``cutoff`` may be used too.

    Raises
    ------
    ValueError
        What is wrong, what was found, what is allowed.
    """
    parse(formula, [variable, *names, "cutoff"])


def _tree(function: Function, names: Sequence[str]) -> Node:
    """Return the syntax tree of a function; its parameters, in order, get the given names."""
    taken = len(function.parameters)
    if function.form in _JOINED:
        parts = []
        for child in function.children:
            parts.append(_cut(child, names[taken : taken + len(child.all_parameters)]))
            taken += len(child.all_parameters)
        tree = parts[0]
        for part in parts[1:]:
            tree = Operation(_JOINED[function.form], (tree, part))
    else:
        tree = _own_tree(function, names)
    if function.screening:
        tree = Operation("*", (tree, _cut(function.screening, names[taken:])))
    return tree


def _cut(function: Function, names: Sequence[str]) -> Node:
    """Return the tree of a part of another function, zero from the part's own cut-off on."""
    tree = _tree(function, names)
    if math.isinf(reach(function)):
        return tree
    inside = Operation("<", (Name(_VARIABLE), Number(reach(function))))
    return Operation("?:", (inside, tree, Number(0.0)))


def _own_tree(function: Function, names: Sequence[str]) -> Node:
    user = function.form == "user-function"
    formula = function.formula if user else FUNCTION_FORMS[function.form].formula
    variable = function.variable if user else _VARIABLE
    tree = parse(formula, [variable, *function.names, "cutoff"])
    known: dict[str, Node] = {variable: Name(_VARIABLE), "cutoff": Number(function.cutoff)}
    known |= {name: Name(new) for name, new in zip(function.names, names[: len(function.names)], strict=True)}
    return _renamed(tree, known)


def _renamed(node: Node, known: dict[str, Node]) -> Node:
    if isinstance(node, Name):
        return known[node.name]
    if isinstance(node, Operation):
        return Operation(node.operator, tuple(_renamed(operand, known) for operand in node.operands))
    return node
