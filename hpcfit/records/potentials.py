"""Potentials: the forms that the kernels know, and what a job makes of them."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import numpy as np


class ParameterKind(enum.Enum):
    """For which combinations of species a potential's parameter has values."""

    PAIR = "pair"  #: one value per unordered pair of species, tag ``SiC``
    TRIPLET = "triplet"  #: one value per centre and unordered pair of neighbours, tag ``SiCC``, centre first
    SPECIES = "species"  #: one per species, tag ``Si``
    ORDERED_PAIR = "ordered-pair"  #: one per host and neighbour, tag ``SiC``, host first
    ORDERED_TRIPLET = "ordered-triplet"  #: one per centre, bonded neighbour and third atom, tag ``SiCC``


@dataclass(frozen=True)
class ParameterForm:
    """A row of a potential's parameter table."""

    name: str
    unit: str
    description: str
    kind: ParameterKind
    lower: float  #: smallest admissible value
    upper: float  #: largest admissible value
    fittable: bool
    reach: bool = (
        False  #: the values of all parameters with this mark, added up, are where the interaction ends
    )
    step: float = 0.0  #: where not 0, admissible are `lower`, `lower` + `step`, ... only
    numbered: bool = False  #: stands for several rows, its name followed by 0, 1, ...


@dataclass(frozen=True)
class SizeForm:
    """A whole number that a potential's parameter table follows from: of terms, say."""

    name: str
    description: str
    lower: int  #: smallest admissible value
    upper: int  #: largest admissible value


@dataclass(frozen=True)
class RoleForm:
    """A part that a function of one variable plays in a potential built from functions."""

    name: str
    description: str
    kind: ParameterKind  #: for which combinations of species there is one
    argument: str  #: ``distance``, ``density`` or ``cosine``


@dataclass(frozen=True)
class PotentialForm:
    """A potential that the kernels know: its name, formula, source and parameter table.

    One with `roles` is built from functions and has no parameters of its own. One with `sizes` has the table of
    `shaped`, for the sizes of a job.
    """

    name: str
    formula: str
    reference: str
    parameters: tuple[ParameterForm, ...]
    roles: tuple[RoleForm, ...] = ()
    pairwise: bool = False  #: whether it works on pairs, each of them once
    needs_positions: bool = False  #: whether it works on cells, periodicity and positions
    is_linear: bool = (
        False  #: whether the energy is a sum over all parameters that can be fitted, of each times a number
    )
    sizes: tuple[SizeForm, ...] = ()
    #: for given sizes, how many rows each of `parameters` stands for
    n_rows: Callable[[tuple[int, ...]], tuple[int, ...]] | None = field(default=None, compare=False)

    def shaped(self, sizes: tuple[int, ...]) -> PotentialForm:
        """Return the form whose table is that for given sizes, itself if it has none."""
        if self.n_rows is None:
            return self
        rows = [
            replace(row, name=f"{row.name}{number}" if row.numbered else row.name, numbered=False)
            for row, n_rows in zip(self.parameters, self.n_rows(sizes), strict=True)
            for number in range(n_rows)
        ]
        return replace(self, parameters=tuple(rows), n_rows=None)


@dataclass(frozen=True)
class FunctionForm:
    """A built-in function: its formula in ``x``, the names of its parameters with units, and its source.

    ``cutoff`` in the formula is the function's own cut-off; parameters in `defaults` may be left out.
    """

    name: str
    formula: str
    parameters: dict[str, str]
    reference: str
    defaults: dict[str, float]


@dataclass(frozen=True)
class FunctionCatalogue:
    """What a job may build potentials from.

    Parameters
    ----------
    forms
        The built-in functions.
    check_formula
        Raises `ValueError` where a formula, which may use some names, is faulty.
    """

    forms: tuple[FunctionForm, ...]
    check_formula: Callable[[str, Collection[str]], None]


@dataclass(frozen=True)
class Parameter:
    """One number of a potential: its place in the job, its start value and whether it is fitted."""

    path: str  #: potential id, parameter and species, as in ``SW.A[SiSi]``
    unit: str
    start: float
    minimum: float  #: -inf when unbounded
    maximum: float  #: +inf when unbounded
    free: bool
    transform: str = ""  #: what the solver varies in its place: its ``log`` or ``logit``; empty for itself
    constraint: str = ""  #: the expression that a dependent parameter follows; empty for an independent one
    prior_mean: float = 0.0  #: what it is believed to be ...
    prior_sigma: float = np.inf  #: ... with this standard deviation; infinite where nothing is believed

    @property
    def has_prior(self) -> bool:
        """Whether the objective holds it near a mean."""
        return bool(np.isfinite(self.prior_sigma))

    @property
    def varies(self) -> bool:
        """Whether a fit changes it: it is free, or depends on parameters that are."""
        return self.free or bool(self.constraint)


@dataclass(frozen=True)
class Function:
    """A function of one variable as the job describes it.

    Parameters
    ----------
    id
        Unique in its potential.
    form
        Name of its form: ``user-function``, ``sum``, ``morse-A``, ...
    names, parameters
        Its own parameters: their names in the formula, and what the job says of them. A parameter of a ``poly`` is
        the coefficient of the power in its name.
    formula, variable
        Of a ``user-function``; empty for others.
    derivative
        What the job says its derivative is; empty where it says nothing. It is checked, never used.
    knots
        Of a ``spline`` and of a ``tabulated`` function: its nodes' arguments, ascending. The parameters of a spline
        are the values there, then the slopes at both ends; without these two its second derivative is zero there.
    values
        Of a ``tabulated`` function: its values at the knots.
    ends
        Of a ``tabulated`` function, how it ends: ``natural``, with a second derivative of zero; ``clamped``, with
        given slopes; empty for one cubic across the first two, and the last two, intervals.
    slopes
        Of a clamped ``tabulated`` function, at both ends.
    cutoff
        The function is zero from here on; infinite when there is none.
    children
        Terms of a ``sum``, factors of a ``product``.
    screening
        A function that this one is multiplied by.
    """

    id: str
    form: str
    names: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    formula: str = ""
    variable: str = ""
    cutoff: float = np.inf
    children: tuple[Function, ...] = ()
    screening: Function | None = None
    derivative: str = ""
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    ends: str = ""
    slopes: tuple[float, ...] = ()

    @property
    def nested(self) -> tuple[Function, ...]:
        """Its children in order, then its screening function."""
        return (*self.children, self.screening) if self.screening else self.children

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters, then those of its nested functions."""
        return (*self.parameters, *(p for function in self.nested for p in function.all_parameters))

    @property
    def reach(self) -> float:
        """Where it vanishes for good, in the unit of its argument; infinite where it never does."""
        own = self.cutoff
        if self.children:
            parts = [child.reach for child in self.children]
            own = min(own, max(parts) if self.form == "sum" else min(parts))
        return min(own, self.screening.reach) if self.screening else own


@dataclass(frozen=True)
class Bonds:
    """The bonds that a potential sees: those between an atom of species `a` and one of `b`, -1 for any species."""

    a: int = -1
    b: int = -1

    @property
    def are_all(self) -> bool:
        """Whether there is none that it does not see."""
        return self.a < 0 and self.b < 0

    def seen(self, centre: int, *neighbours: int) -> bool:
        """Return whether it sees the bonds of an atom with some neighbours; without any, whether with some species."""
        if not neighbours:
            return min(self.a, self.b) < 0 or centre in (self.a, self.b)
        return all(self._joins(centre, other) or self._joins(other, centre) for other in neighbours)

    def _joins(self, one: int, other: int) -> bool:
        return self.a in (-1, one) and self.b in (-1, other)


@dataclass(frozen=True)
class Potential:
    """A potential of the job.

    Parameters
    ----------
    parameters
        In the order of the form's table, species combinations inside, as `species_tuples` orders them, those left out
        that no bond of the potential asks for; of a potential with roles, all parameters of its functions, one
        function after the other.
    functions
        Of a potential with roles.
    roles
        For each role of the form and each combination of species, the place of its function in `functions`, -1
        where there is none.
    bonds
        What it sees of the structures.
    places
        Of each value that the kernels ask for, one per row of the form's table and combination of species, the place
        of its parameter; empty where each has its own. Where no bond asks for a value, that of another stands there.
    sizes
        Of a form with sizes.
    line
        Of the job.
    """

    id: str
    form: str
    parameters: tuple[Parameter, ...]
    functions: tuple[Function, ...] = ()
    roles: tuple[int, ...] = ()
    bonds: Bonds = Bonds()
    places: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def kernel_places(self) -> tuple[int, ...]:
        """`places`, those too that are left out because each value has a parameter of its own."""
        return self.places or tuple(range(len(self.parameters)))


def species_tuples(kind: ParameterKind, n_species: int) -> list[tuple[int, ...]]:
    """Return the combinations of species a parameter of this kind has values for, in storage order."""
    every = range(n_species)
    pairs = list(itertools.combinations_with_replacement(every, 2))
    tuples: dict[ParameterKind, list[tuple[int, ...]]] = {
        ParameterKind.SPECIES: [(centre,) for centre in every],
        ParameterKind.PAIR: [*pairs],
        ParameterKind.TRIPLET: [(centre, *pair) for centre in every for pair in pairs],
        ParameterKind.ORDERED_PAIR: [*itertools.product(every, repeat=2)],
        ParameterKind.ORDERED_TRIPLET: [*itertools.product(every, repeat=3)],
    }
    return tuples[kind]


#: On how many atoms a parameter of each kind depends.
N_ATOMS = {
    ParameterKind.SPECIES: 1,
    ParameterKind.PAIR: 2,
    ParameterKind.ORDERED_PAIR: 2,
    ParameterKind.TRIPLET: 3,
    ParameterKind.ORDERED_TRIPLET: 3,
}


def species_tuple(kind: ParameterKind, *atoms: int) -> tuple[int, ...]:
    """Return which of `species_tuples` is that of a central atom, a bonded one and a third one.

    Parameters
    ----------
    kind
        The combinations; atoms that they leave out do not count.
    atoms
        Species of the atoms, in this order.
    """
    own = atoms[: N_ATOMS[kind]]
    if kind is ParameterKind.PAIR:
        return tuple(sorted(own))
    return (own[0], *sorted(own[1:])) if kind is ParameterKind.TRIPLET else own
