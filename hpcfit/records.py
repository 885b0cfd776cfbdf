"""The records that rooms hand to each other: plain, frozen, the same on every rank."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


class Missing(enum.IntFlag):
    """Bits of a configuration's mask: a set bit says that this target is missing (its values are NaN)."""

    NONE = 0
    ENERGY = 1
    FORCES = 2
    STRESS = 4


@dataclass(frozen=True)
class Configurations:
    """Reference configurations as flat arrays; atoms of configuration k are ``ptr[k]:ptr[k + 1]``.

    Parameters
    ----------
    symbols
        Chemical symbols; `species` counts into them.
    groups
        Names of groups; `group` counts into them.
    ptr
        int64 [n + 1], first atom of each configuration, starting at 0.
    cell
        [n, 3, 3], rows are the cell vectors, Angstrom (zero rows where there is none).
    pbc
        bool [n, 3].
    energy
        [n], eV, total energy of the configuration.
    stress
        [n, 6], eV/Angstrom^3, tension positive, order xx yy zz yz xz xy.
    mask
        uint8 [n], bits of `Missing`.
    group
        int32 [n].
    weight
        [n], the configuration's own weight, 1 where the file gave none.
    id
        uint8 [n, 16], a hash of the configuration's content.
    species
        int32 [n_atoms].
    position
        [n_atoms, 3], Angstrom.
    force
        [n_atoms, 3], eV/Angstrom.
    """

    symbols: tuple[str, ...]
    groups: tuple[str, ...]
    ptr: IntArray
    cell: FloatArray
    pbc: NDArray[np.bool_]
    energy: FloatArray
    stress: FloatArray
    mask: NDArray[np.uint8]
    group: NDArray[np.int32]
    weight: FloatArray
    id: NDArray[np.uint8]
    species: NDArray[np.int32]
    position: FloatArray
    force: FloatArray

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def take(self, chosen: IntArray) -> Configurations:
        """Return some of the configurations, in the order of `chosen`."""
        sizes = np.diff(self.ptr)[chosen]
        ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        atoms = np.arange(ptr[-1]) + np.repeat(self.ptr[:-1][chosen] - ptr[:-1], sizes)
        per_configuration = ("cell", "pbc", "energy", "stress", "mask", "group", "weight", "id")
        arrays = {name: getattr(self, name)[chosen] for name in per_configuration}
        arrays |= {name: getattr(self, name)[atoms] for name in ("species", "position", "force")}
        return replace(self, ptr=ptr, **arrays)


@dataclass(frozen=True)
class DatasetIndex:
    """What every rank knows of a dataset before it reads a single atom: the per-configuration arrays.

    Attributes are as in `Configurations`; `content` is a hash over all configurations' ids,
    `path` the file as the job names it.
    """

    path: str
    content: str
    symbols: tuple[str, ...]
    groups: tuple[str, ...]
    ptr: IntArray
    mask: NDArray[np.uint8]
    group: NDArray[np.int32]
    weight: FloatArray

    def __len__(self) -> int:
        return len(self.ptr) - 1


class ParameterKind(enum.Enum):
    """For which combinations of species a potential's parameter has values."""

    PAIR = "pair"  #: one value per unordered pair of species, tag ``SiC``
    TRIPLET = "triplet"  #: one value per centre and unordered pair of neighbours, tag ``SiCC``, centre first


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


@dataclass(frozen=True)
class PotentialForm:
    """A potential that the kernels know: its name, formula, source and parameter table."""

    name: str
    formula: str
    reference: str
    parameters: tuple[ParameterForm, ...]


@dataclass(frozen=True)
class Parameter:
    """One number of a potential: its place in the job, its start value and whether it is fitted."""

    path: str  #: potential id, parameter and species, as in ``SW.A[SiSi]``
    unit: str
    start: float
    minimum: float  #: -inf when unbounded
    maximum: float  #: +inf when unbounded
    free: bool


@dataclass(frozen=True)
class Potential:
    """A potential of the job; `parameters` stand in the order of the form's table, species combinations inside.

    Combinations are ordered as `species_tuples` gives them.
    """

    id: str
    form: str
    parameters: tuple[Parameter, ...]


def species_tuples(kind: ParameterKind, n_species: int) -> list[tuple[int, ...]]:
    """Return the combinations of species a parameter of this kind has values for, in storage order."""
    pairs = [(a, b) for a in range(n_species) for b in range(a, n_species)]
    if kind is ParameterKind.PAIR:
        return list(pairs)
    return [(centre, *pair) for centre in range(n_species) for pair in pairs]


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
    children: tuple[Group | DatasetSource, ...]


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
class Job:
    """A job file as every rank holds it."""

    path: str
    text: str  #: the file as read, byte for byte
    hash: str  #: SHA-256 of `text`
    name: str
    species: tuple[str, ...]
    fitting: Fitting | None  #: None when there is nothing to fit or fitting is disabled
    potentials: tuple[Potential, ...]
    structures: Group
    absolute: bool  #: KLIFF's loss instead of normalised weights

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters of all potentials, in order."""
        return tuple(p for potential in self.potentials for p in potential.parameters)

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The fitted parameters, in the order of the solver's vector."""
        return tuple(p for p in self.parameters if p.free)

    @property
    def datasets(self) -> tuple[DatasetSource, ...]:
        """Every dataset of the job, in document order."""
        return tuple(_datasets(self.structures))


def _datasets(group: Group) -> Sequence[DatasetSource]:
    found: list[DatasetSource] = []
    for child in group.children:
        found.extend(_datasets(child) if isinstance(child, Group) else [child])
    return found


@dataclass(frozen=True)
class State:
    """The solver after an iteration: all it needs to go on, and all that is reported of it.

    Parameters
    ----------
    iteration
        Accepted steps so far.
    x
        [n_free] parameters.
    cost
        Sum of squared residuals at `x`.
    damping
        lambda of the next step.
    scale
        [n_free] diagonal of D: running maximum of the Jacobian's column norms.
    gradient
        Largest component of the scaled gradient J^T r, at the start of the step.
    angle
        Cosine between residual and tangent plane, at the start of the step.
    step
        |D v| of the accepted step.
    acceleration
        2|second-order step|/|first-order step| of the accepted step.
    n_linearisations, n_costs, n_seconds
        Evaluations so far, by kind.
    small_gains
        Accepted steps in a row that gained less than the cost tolerance.
    outcome
        Empty while running; afterwards the name of the rule that ended the fit.
    """

    iteration: int
    x: FloatArray
    cost: float
    damping: float
    scale: FloatArray
    gradient: float = np.nan
    angle: float = np.nan
    step: float = np.nan
    acceleration: float = np.nan
    n_linearisations: int = 0
    n_costs: int = 0
    n_seconds: int = 0
    small_gains: int = 0
    outcome: str = ""


@dataclass(frozen=True)
class Predictions:
    """Targets and predictions of one dataset, selected configurations in order; NaN where a target is missing.

    Units and shapes as in `Configurations`; `configuration` [n] counts into the file.
    """

    source: str  #: id of the dataset in the job
    groups: tuple[str, ...]
    configuration: IntArray
    group: NDArray[np.int32]
    ptr: IntArray
    energy: FloatArray
    energy_target: FloatArray
    force: FloatArray
    force_target: FloatArray
    stress: FloatArray
    stress_target: FloatArray
