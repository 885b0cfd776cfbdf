"""Potentials, functions and parameters of a job."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Parameter:
    """A parameter of a potential: its path, its start value and whether it is fitted."""

    path: str  #: potential id, parameter and species, as in ``SW.A[SiSi]``
    unit: str
    start: float
    minimum: float  #: -inf when unbounded
    maximum: float  #: +inf when unbounded
    free: bool
    transform: str = ""  #: the solver's variable: ``log`` or ``logit`` of the parameter; empty for itself
    constraint: str = ""  #: the expression of a dependent parameter; empty for an independent one
    prior_mean: float = 0.0  #: mean of its prior
    prior_sigma: float = np.inf  #: standard deviation of its prior; infinite for no prior

    @property
    def has_prior(self) -> bool:
        """Whether it has a prior."""
        return bool(np.isfinite(self.prior_sigma))

    @property
    def varies(self) -> bool:
        """Whether a fit changes it: it is free, or depends on parameters that are."""
        return self.free or bool(self.constraint)


#: How a function of the distance ends at its cut-off, if it is not just cut.
ENDINGS = ("shift", "force-shift", "taper")
#: `Function.ends` of a table with given slopes at all knots.
GIVEN_SLOPES = "given-slopes"


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
        Its own parameters and their names in the formula. A parameter of a ``poly`` is the coefficient of the power in
        its name.
    formula, variable
        Of a ``user-function``; empty for others.
    derivative
        The job's formula of its derivative, or empty. It is checked, never used.
    knots
        Of a ``spline`` and of a ``tabulated`` function: its nodes' arguments, ascending. The parameters of a spline are
        the values there, then the slopes at both ends; without slopes its second derivative is zero at the ends.
    values
        Of a ``tabulated`` function: its values at the knots.
    ends
        End conditions of a ``tabulated`` function: ``natural``, second derivative of zero; ``clamped``, given slopes;
        empty for not-a-knot; `GIVEN_SLOPES`, given slopes at all knots, so that second derivatives jump there.
    slopes
        Of a ``tabulated`` function: at both ends of a clamped one, at all knots with `GIVEN_SLOPES`.
    cutoff
        The function is zero from here on; infinite for no cut-off.
    children
        Terms of a ``sum``, factors of a ``product``.
    screening
        A function that this one is multiplied by.
    ending
        How it ends at its cut-off: one of `ENDINGS`; empty where its formula is cut.
    taper_width
        Of a ``taper``.
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
    ending: str = ""
    taper_width: float = 0.0

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
        """The argument from which on it is zero; infinite if there is none."""
        own = self.cutoff
        if self.children:
            parts = [child.reach for child in self.children]
            own = min(own, max(parts) if self.form == "sum" else min(parts))
        return min(own, self.screening.reach) if self.screening else own


@dataclass(frozen=True)
class Bonds:
    """The bonds on which a potential acts: between species `a` and `b`, -1 for any species."""

    a: int = -1
    b: int = -1

    @property
    def are_all(self) -> bool:
        """Whether these are all bonds."""
        return self.a < 0 and self.b < 0

    def seen(self, centre: int, *neighbours: int) -> bool:
        """Return whether the bonds of an atom with some neighbours, or with any, are included."""
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
        In the order of the form's table, with species combinations inside in the order of `species_tuples`, without
        those that no bond needs; of a potential built from the job's functions, the parameters of all functions in
        sequence.
    functions
        Of a potential with roles.
    roles
        For each role of the form and combination of species, the index of its function in `functions`, -1 for none.
    bonds
        The bonds on which it acts.
    places
        For each value of the form's table, one per row and combination of species, the index of its parameter; empty if
        each has its own. A value that no bond needs has the index of another.
    function_places
        Of a potential made of formulas: for each parameter of its functions, its index among `parameters`.
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
        """`places`, filled in if each value has a parameter of its own."""
        return self.places or tuple(range(len(self.parameters)))

    @property
    def kernel_places(self) -> tuple[int, ...]:
        """For each number that the kernel needs, the index of its parameter."""
        return self.function_places or self.value_places
