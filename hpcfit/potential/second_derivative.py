"""Exact second derivatives of a potential along a path of its parameters, by evaluating another potential.

Let parameters move as p(t), with p' and p'' at t = 0. If energies are linear in a function V(r; p), as in pair energies
and, for constant densities, in embedding energies, the second derivative of energies, forces and virials by t is the
result of the same kernel with V replaced by

    D(r; p, p', p'') = sum_ij p'_i p'_j d2V/dp_i dp_j + sum_i p''_i dV/dp_i,

one more function of one variable, and without the constant parts. It costs one evaluation without derivatives.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.function_program import VARIABLE, compile_function, composed
from hpcfit.potential.spline import CompiledFunction, SplineProgram
from hpcfit.records import Bonds, Function, ParameterKind, Potential, PotentialForm, species_tuples

#: Roles whose functions are linear in the energy, and those on which embedding energies depend.
_PAIR, _EMBEDDING = "pair-interaction", "embedding-energy"
_DENSITIES = ("electron-density", "f-function", "g-function")

#: The potential that evaluates pair energies.
_EAM = "eam"


@dataclass(frozen=True)
class SecondDerivative:
    """The evaluation that gives the second derivative of one potential.

    Parameters
    ----------
    form
        Name of the kernel.
    functions
        Its compiled functions; none if it has no roles.
    cutoffs
        Cut-off of each function.
    roles
        As in `Potential`.
    places
        For each parameter of `form` or of the functions in order, its index among p, p' and p'' in sequence.
    sizes, bonds
        As in `Potential`, if it has no roles.
    """

    form: str
    functions: tuple[CompiledFunction, ...]
    cutoffs: tuple[float, ...]
    roles: tuple[int, ...]
    places: NDArray[np.int64]
    sizes: tuple[int, ...] = ()
    bonds: Bonds = field(default_factory=Bonds)


def has_second_derivative(potential: Potential, form: PotentialForm, n_species: int) -> bool:
    """Return whether `compile_second_derivative` supports a potential."""
    if form.is_linear or form.record.pair_formula:
        return True
    if not form.roles:
        return not any(p.varies for p in potential.parameters)
    others = {
        number for role, number in _parts(potential, form, n_species) if role not in (_PAIR, _EMBEDDING)
    } - {-1}
    return not any(p.varies for number in others for p in potential.functions[number].all_parameters)


def compile_second_derivative(
    potential: Potential, forms: Mapping[str, PotentialForm], n_species: int, curved: Collection[int]
) -> SecondDerivative | None:
    """Return the evaluation, None if the second derivative is zero.

    Parameters
    ----------
    potential
        One that `has_second_derivative`.
    forms
        The potentials by name.
    n_species
        Number of species of the job.
    curved
        Indices of the parameters whose p'' need not be zero.

    Raises
    ------
    ValueError
        If a formula is invalid.
    """
    form, n = forms[potential.form], len(potential.parameters)
    if not any(p.varies for p in potential.parameters):
        return None
    if form.is_linear:
        return _of_linear(potential, form.shaped(potential.sizes), n_species) if curved else None
    places = np.array(potential.kernel_places)
    if not form.roles:
        potential, places = _of_functions(potential, form, n_species)
        form = forms[_EAM]
    return _compiled(potential, form, n_species, _Functions(potential, places, frozenset(curved), n))


def _of_linear(potential: Potential, form: PotentialForm, n_species: int) -> SecondDerivative:
    """Return the potential itself, evaluated at p'' in place of its linear parameters."""
    fittable = [row.fittable for row in form.parameters for _ in species_tuples(row.kind, n_species)]
    places = np.array(potential.kernel_places) + 2 * len(potential.parameters) * np.array(fittable)
    return SecondDerivative(form.kernel, (), (), (), places, potential.sizes, potential.bonds)


def _parts(potential: Potential, form: PotentialForm, n_species: int) -> Iterator[tuple[str, int]]:
    """Yield the role and the function of every entry of `roles`, -1 for none."""
    numbers = iter(potential.roles)
    for role in form.roles:
        for _ in species_tuples(role.kind, n_species):
            yield role.name, next(numbers)


def _of_functions(
    potential: Potential, form: PotentialForm, n_species: int
) -> tuple[Potential, NDArray[np.int64]]:
    """Return a pair potential as one built from functions, and the indices of its parameters in the given one."""
    pairs = species_tuples(ParameterKind.PAIR, n_species)
    table = np.array(potential.kernel_places).reshape(len(form.parameters), len(pairs))
    rows = [k for k, row in enumerate(form.parameters) if row.name != "cutoff"]
    (end,) = (k for k, row in enumerate(form.parameters) if row.name == "cutoff")
    functions = tuple(
        Function(
            id=f"{form.name} {number}",
            form=form.name,
            names=tuple(form.parameters[k].name for k in rows),
            parameters=tuple(potential.parameters[place] for place in table[rows, number]),
            formula=form.record.pair_formula,
            variable=VARIABLE,
            cutoff=potential.parameters[table[end, number]].start,
        )
        for number in range(len(pairs))
    )
    roles = (
        *(number if potential.bonds.seen(*pair) else -1 for number, pair in enumerate(pairs)),
        *(-1 for _ in range(n_species**2 + n_species)),
    )
    parameters = tuple(p for function in functions for p in function.parameters)
    return Potential(potential.id, _EAM, parameters, functions, roles), table[rows].T.ravel()


class _Functions:
    """The functions of a second derivative, compiled on first use.

    Parameters
    ----------
    potential
        A potential built from functions.
    places
        Indices of its parameters among the `n` of the job's potential.
    curved
        Indices of the `n` parameters whose p'' need not be zero.
    n
        Number of parameters of the job's potential.
    """

    def __init__(
        self, potential: Potential, places: NDArray[np.int64], curved: Collection[int], n: int
    ) -> None:
        ends = np.cumsum([len(function.all_parameters) for function in potential.functions])
        self._functions, self._curved, self._n = potential.functions, curved, n
        self._places = np.split(places, ends[:-1])
        self._numbers: dict[tuple[int, bool], int] = {}
        self.compiled: list[CompiledFunction] = []
        self.cutoffs: list[float] = []
        self.places: list[NDArray[np.int64]] = []

    def place(self, number: int, moves: bool) -> int:
        """Return the index of D of function `number`, or of the function itself; -1 if D is zero."""
        if number >= 0 and (number, moves) not in self._numbers:
            self._numbers[number, moves] = self._added(number, moves)
        return self._numbers.get((number, moves), -1)

    def _added(self, number: int, moves: bool) -> int:
        function, own = self._functions[number], self._places[number]
        varying = tuple(k for k, p in enumerate(function.all_parameters) if p.varies)
        fixed = tuple(k for k in range(len(own)) if k not in varying)
        compiled: CompiledFunction | None
        if moves:
            curved = tuple(k for k in varying if own[k] in self._curved)
            compiled = compile_second_function(function, varying, curved, fixed)
            own = np.concatenate([own + order * self._n for order in range(3)])
        else:
            compiled = compile_function(function, (), False, fixed)
        if compiled is None:
            return -1
        self.compiled.append(compiled)
        self.cutoffs.append(function.reach)
        self.places.append(own)
        return len(self.compiled) - 1


def _compiled(
    potential: Potential, form: PotentialForm, n_species: int, functions: _Functions
) -> SecondDerivative | None:
    parts = list(_parts(potential, form, n_species))
    embeds = any(functions.place(number, True) >= 0 for role, number in parts if role == _EMBEDDING)
    roles = []
    for role, number in parts:
        if role in (_PAIR, _EMBEDDING):
            roles.append(functions.place(number, True))
        else:
            roles.append(functions.place(number, False) if embeds and role in _DENSITIES else -1)
    if not functions.compiled:
        return None
    places = np.concatenate(functions.places)
    return SecondDerivative(
        form.kernel, tuple(functions.compiled), tuple(functions.cutoffs), tuple(roles), places
    )


@functools.cache
def compile_second_function(
    function: Function, varying: tuple[int, ...], curved: tuple[int, ...], fixed: tuple[int, ...]
) -> CompiledFunction | None:
    """Return D of one function, with parameters p, p' and p'' in sequence; None if it is zero.

    Parameters
    ----------
    function
        The function.
    varying, fixed
        Indices of the parameters that move, and of those that keep their start values.
    curved
        Indices of the parameters whose p'' need not be zero.

    Raises
    ------
    ValueError
        If the function is invalid.
    """
    # SymPy takes a second to import and is needed for functions only.
    from hpcfit.potential.expression.compiler import compile_outputs
    from hpcfit.potential.expression.directional import second_along, slope_of
    from hpcfit.potential.expression.symbolic import Inner, symbol, to_sympy

    count = len(function.all_parameters)
    names = [[f"p{k}{mark}" for k in range(count)] for mark in ("", ":1", ":2")]
    tree, splines = composed(function, names[0], False, fixed)
    inner = [
        [Inner(f"s{k}{mark}", f"s{k}{mark} x", "") for k in range(len(splines))] for mark in ("", ":1", ":2")
    ]
    paths = {names[0][k]: (names[1][k], names[2][k] if k in curved else "") for k in varying}
    for k, spline in enumerate(splines):
        own = range(spline.first_parameter, spline.first_parameter + spline.n_parameters)
        if any(place in varying for place in own):
            bends = any(place in curved for place in own)
            paths[inner[0][k].value] = inner[1][k].value, inner[2][k].value if bends else ""
    value = second_along(to_sympy(tree), paths)
    if value == 0:
        return None
    # A spline is linear in its parameters, so its derivatives along the path are splines of p' and p''.
    used = [
        (name, replace(spline, first_parameter=spline.first_parameter + order * count))
        for order in range(3)
        for name, spline in zip(inner[order], splines, strict=True)
        if symbol(name.value) in value.free_symbols
    ]
    outputs = [value, slope_of(value, VARIABLE, [name for name, _ in used])]
    inputs = [text for name, _ in used for text in (name.value, name.slope)]
    program = compile_outputs(
        outputs, VARIABLE, [name for of_order in names for name in of_order], {}, inputs
    )
    return SplineProgram(program, tuple(spline for _, spline in used)) if used else program
