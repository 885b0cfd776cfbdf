"""What a job makes of the forms of potentials and functions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


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
        that no bond of the potential asks for; of a potential whose functions the job writes, all parameters of its
        functions, one function after the other.
    functions
        Of a potential with roles.
    roles
        For each role of the form and each combination of species, the place of its function in `functions`, -1
        where there is none.
    bonds
        What it sees of the structures.
    places
        Of each value of the form's table, one per row and combination of species, the place of its parameter; empty
        where each has its own. Where no bond asks for a value, that of another stands there.
    function_places
        Of a potential made of formulas: of each parameter of its functions, its place among `parameters`.
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
    function_places: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def value_places(self) -> tuple[int, ...]:
        """`places`, those too that are left out because each value has a parameter of its own."""
        return self.places or tuple(range(len(self.parameters)))

    @property
    def kernel_places(self) -> tuple[int, ...]:
        """Of each number that the kernel asks for, the place of its parameter."""
        return self.function_places or self.value_places
