"""Minimisers: their settings in a job, and their records."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hpcfit.records.states import State

#: Limits that every minimiser has, with the same meaning: rows of the log, and evaluations of all kinds.
LIMITS = ("max-iter", "max-evaluations")

#: Of an option; bool is a subclass of int.
Value: TypeAlias = int | float | str


class Box(enum.Enum):
    """How a method treats bounds."""

    NONE = "no"  #: it ignores them
    TAKEN = "yes"  #: it respects given bounds
    NEEDED = "needed"  #: it searches within bounds: every free parameter needs both


class Uses(enum.Enum):
    """The evaluations that a method needs."""

    COST = "cost"
    GRADIENT = "gradient"
    CURVATURE = "gradient, Hessian"
    RESIDUALS = "residuals, Jacobian"
    LOCAL = "cost, local minimiser"


@dataclass(frozen=True)
class OptionForm:
    """An attribute of a minimiser's element.

    Parameters
    ----------
    name
        As written in the job; options of a library have the library's names.
    allowed
        A datatype of the schema, or the values to choose from.
    default
        None for the library's default, or for no limit.
    description
        For the manual.
    needs
        The option has an effect only with these values of other options.
    """

    name: str
    allowed: str | tuple[str, ...] | tuple[int, ...]
    default: Value | None = None
    description: str = ""
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()


def limit_options() -> tuple[OptionForm, ...]:
    """Return `LIMITS` as options without a default."""
    return (
        OptionForm("max-iter", "count", None, "limit of iterations, the rows of the log"),
        OptionForm("max-evaluations", "count", None, "limit of all evaluations"),
    )


@dataclass(frozen=True)
class MethodForm:
    """A method of a minimiser.

    Parameters
    ----------
    name
        The library's name.
    uses, box
        The evaluations that it needs, and how it treats bounds.
    options
        Names of its options.
    least
        Smallest number of free parameters.
    is_global
        Whether it searches the whole box.
    below
        Options that must be smaller than another option or a number: name, default, name of the other or empty, its
        default or the number.
    """

    name: str
    uses: Uses
    box: Box
    options: tuple[str, ...] = ()
    least: int = 1
    is_global: bool = False
    below: tuple[tuple[str, float, str, float], ...] = ()

    @property
    def nests(self) -> bool:
        """Whether it takes a local minimiser."""
        return self.uses is Uses.LOCAL

    @property
    def is_local(self) -> bool:
        """Whether it may be the local minimiser of a global method."""
        return not self.is_global and self.box is Box.TAKEN and self.uses is not Uses.RESIDUALS


@dataclass(frozen=True)
class MinimiserForm:
    """A minimiser that a job may name.

    Parameters
    ----------
    name
        Of its element.
    description
        For the manual.
    settings
        Class of its settings; two minimisers with the same class have the same `run`.
    read
        Returns the settings from the name of the method, the given options and the settings of the nested minimiser.
    run
        Yields states from problem, state, bounds and settings; with `wraps` a fifth argument runs the nested minimiser.
    options
        Of all its methods.
    selector, methods
        The attribute that names the method, and the methods; empty if there is only one.
    inside
        Minimisers that may be nested, for the methods that nest one.
    inside_required
        Whether methods that nest a minimiser require one.
    inside_limits
        Those of `LIMITS` that the library can keep in a nested minimiser.
    wraps
        Whether any minimiser may be nested; it starts from points in the box.
    check
        Yields what, found and allowed of each fault in the given options of a method.
    without_effect
        Options that are accepted and have no effect, each with the reason.
    """

    name: str
    description: str
    settings: type
    read: Callable[[str, Mapping[str, Any], Any], Any]
    run: Callable[..., Iterator[State]]
    options: tuple[OptionForm, ...] = ()
    selector: str = ""
    methods: tuple[MethodForm, ...] = ()
    inside: tuple[str, ...] = ()
    inside_required: bool = False
    inside_limits: tuple[str, ...] = LIMITS
    wraps: bool = False
    check: Callable[[MethodForm | None, Mapping[str, Any]], Iterator[tuple[str, str, str]]] = (
        lambda _method, _given: iter(())
    )
    without_effect: Mapping[str, str] = field(default_factory=dict)

    def method(self, name: str) -> MethodForm | None:
        """Return a method by its name, None if it is unknown."""
        return next((method for method in self.methods if method.name == name), None)


@dataclass(frozen=True)
class GeodesicOptions:
    """Settings of the geodesic Levenberg-Marquardt solver, described in `hpcfit.solver.minimisers.geodesic_lm`."""

    max_iter: int = 200
    max_evaluations: int = 10000
    max_time: float = math.inf
    damping: str = "radius"
    initial_radius: float = 10.0
    radius_up: float = 5.0
    radius_down: float = 2.0
    initial_damping: float = 1e-3
    damping_up: float = 2.0
    damping_down: float = 5.0
    scaling: str = "running-maximum"
    patience: int = 60
    restart: bool = True
    acceleration: bool = True
    second_derivative: str = "auto"
    alpha: float = 0.8
    h: float = 0.1
    bold: int = 0
    goal: float = 0.0
    angle_tolerance: float = 1e-5
    parameter_tolerance: float = 1e-6
    step_tolerance: float = 1e-10
    cost_tolerance: float = 1e-12


@dataclass(frozen=True)
class ScipyOptions:
    """A ``<scipy>`` or ``<BFGS>`` of the job."""

    method: str
    options: tuple[tuple[str, Value], ...]  #: SciPy's names; SciPy's defaults apply to the others
    local: ScipyOptions | None = None  #: inside a global method; None for L-BFGS-B
    max_iter: int | None = None
    max_evaluations: int | None = None


@dataclass(frozen=True)
class NloptOptions:
    """An ``<nlopt>`` of the job, described in `hpcfit.solver.minimisers.nlopt`."""

    method: str
    stopval: float | None = None
    maxeval: int | None = None  #: NLopt's own count; 10000 if no limit is given
    maxtime: float | None = None
    ftol_rel: float = 1e-10
    ftol_abs: float = 0.0
    xtol_rel: float = 1e-10
    seed: int = 0
    local: NloptOptions | None = None
    max_iter: int | None = None
    max_evaluations: int | None = None


@dataclass(frozen=True)
class SpaOptions:
    """A ``<spa>`` of the job, described in `hpcfit.solver.minimisers.spa`."""

    local: Minimiser
    max_iter: int = 100
    seed: int = 0
    max_evaluations: int | None = None


Minimiser: TypeAlias = GeodesicOptions | ScipyOptions | NloptOptions | SpaOptions
