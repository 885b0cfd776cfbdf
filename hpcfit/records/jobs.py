"""A job file as every rank holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpcfit.records.potentials import Function, Parameter, Potential
from hpcfit.records.structures import DerivedProperty, Structure


@dataclass(frozen=True)
class FittedProperty:
    """One property of every configuration of a dataset.

    Parameters
    ----------
    name
        ``total-energy``, ``atomic-energy``, ``atomic-forces`` or ``stress``.
    fit
        Whether it enters the objective; otherwise it is computed and reported only.
    relative_weight
        Weight among the properties of one configuration.
    tolerance
        The residual's unit, in eV and Angstrom.
    """

    name: str
    fit: bool
    relative_weight: float
    tolerance: float


@dataclass(frozen=True)
class AbsoluteWeights:
    """Weights of one dataset in a job with ``weights="absolute"``: residuals are weight times difference."""

    energy: float
    forces: float
    stress: float
    normalize_by_natoms: bool


@dataclass(frozen=True)
class DatasetSource:
    """A ``<dataset>`` of the job: configurations of an HDF5 file whose targets come from that file."""

    id: str
    file: str  #: as written in the job
    path: str  #: resolved against the job's folder
    line: int
    select: str  #: see `hpcfit.dataset.selection`
    relative_weight: float
    properties: tuple[FittedProperty, ...]
    absolute: AbsoluteWeights | None  #: None when weights are normalised


@dataclass(frozen=True)
class Group:
    """A ``<group>`` of the job, or its ``<structures>``."""

    id: str
    relative_weight: float
    children: tuple[Group | DatasetSource | Structure | DerivedProperty, ...]


@dataclass(frozen=True)
class GeodesicOptions:
    """Settings of the geodesic Levenberg-Marquardt solver (the names are those of the job's attributes)."""

    max_iter: int = 200  #: accepted steps
    max_evaluations: int = 10000  #: linearisations, trial costs and second derivatives together
    damping: float = 1e-3  #: initial lambda, relative to the scaled problem
    damping_up: float = 2.0  #: factor on lambda after a rejected step
    damping_down: float = 5.0  #: divisor of lambda after an accepted step; larger than damping_up
    alpha: float = 0.75  #: largest admissible 2|second-order step|/|first-order step|
    h: float = 0.1  #: fraction of the first-order step used for the second directional derivative
    angle_tolerance: float = 1e-5  #: converged when the cosine between residual and tangent plane falls below
    step_tolerance: float = 1e-10  #: converged when a step falls below this fraction of the parameters
    cost_tolerance: float = 1e-10  #: converged when three steps in a row gain less than this fraction


@dataclass(frozen=True)
class Fitting:
    """The ``<fitting>`` of a job."""

    solver: GeodesicOptions
    blocks: int | None  #: number of blocks of the reduction; None takes the default
    checkpoint_interval: int  #: iterations between checkpoints


@dataclass(frozen=True)
class ExportFile:
    """A file that the job asks for at the end of its run.

    Parameters
    ----------
    potential
        Id of the potential.
    format
        One of ``hpcfit export``.
    file, path
        As written in the job, and resolved against the job's folder.
    resolution, rho_range_factor
        Of tables; None for the default.
    """

    potential: str
    format: str
    file: str
    path: str
    resolution: int | None
    rho_range_factor: float | None


@dataclass(frozen=True)
class ConstraintTerm:
    """What a constraint's expression takes from the job, under a name of its own.

    Parameters
    ----------
    name
        The name that stands for it in the formula.
    path
        Of a parameter, or of a function.
    argument
        Where the function's value is taken; None for a parameter's value.
    """

    name: str
    path: str
    argument: float | None


@dataclass(frozen=True)
class Constraint:
    """A ``<constraint>`` of the job: a parameter that follows from others."""

    id: str
    dependent: str  #: path of the parameter
    formula: str  #: the expression with the names of `terms`
    terms: tuple[ConstraintTerm, ...]


@dataclass(frozen=True)
class Job:
    """A job file as every rank holds it."""

    path: str
    text: str  #: the file as read, byte for byte
    hash: str  #: SHA-256 of `text`, and of the tables in files that it names
    name: str
    species: tuple[str, ...]
    fitting: Fitting | None  #: None when there is nothing to fit or fitting is disabled
    potentials: tuple[Potential, ...]
    structures: Group
    absolute: bool  #: KLIFF's loss instead of normalised weights
    constraints: tuple[Constraint, ...] = ()  #: each one behind those that it needs
    exports: tuple[ExportFile, ...] = ()
    warnings: tuple[str, ...] = ()  #: what looks like a mistake but may be meant

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters of all potentials, in order."""
        return tuple(p for potential in self.potentials for p in potential.parameters)

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The fitted parameters, in the order of the solver's vector."""
        return tuple(p for p in self.parameters if p.free)

    @property
    def functions(self) -> dict[str, Function]:
        """All functions of all potentials by path, nested ones too."""
        return functions_by_path(self.potentials)

    def paths_of(self, term: ConstraintTerm) -> tuple[str, ...]:
        """Return the paths of the parameters that a term of a constraint follows from."""
        if term.argument is None:
            return (term.path,)
        return tuple(p.path for p in self.functions[term.path].all_parameters)

    @property
    def datasets(self) -> tuple[DatasetSource, ...]:
        """Every dataset of the job, in document order."""
        return tuple(leaf for leaf in _leaves(self.structures) if isinstance(leaf, DatasetSource))

    @property
    def own_structures(self) -> tuple[Structure, ...]:
        """Every structure that the job describes itself, in document order."""
        return tuple(leaf for leaf in _leaves(self.structures) if isinstance(leaf, Structure))

    @property
    def derived(self) -> tuple[DerivedProperty, ...]:
        """Every property of several structures, in document order."""
        return tuple(leaf for leaf in _leaves(self.structures) if isinstance(leaf, DerivedProperty))


def functions_by_path(potentials: Sequence[Potential]) -> dict[str, Function]:
    """Return all functions of some potentials by path, as in ``EAM.V.V_rep``."""
    found: dict[str, Function] = {}
    for potential in potentials:
        waiting = [(potential.id, function) for function in potential.functions]
        for above, function in waiting:
            path = f"{above}.{function.id}"
            found[path] = function
            waiting += [(path, inner) for inner in function.nested]
    return found


def _leaves(group: Group) -> Iterator[DatasetSource | Structure | DerivedProperty]:
    for child in group.children:
        if isinstance(child, Group):
            yield from _leaves(child)
        else:
            yield child
