"""The content of a job file, the same on every rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpcfit.records.losses import AbsoluteWeights, RobustLoss
from hpcfit.records.minimisers import Minimiser
from hpcfit.records.potentials import Function, Parameter, Potential
from hpcfit.records.structures import DerivedProperty, Structure

#: Levels of verbosity, from least to most.
VERBOSITIES = ("none", "minimum", "medium", "maximum", "debug")


#: Path of a job made by a script, which has a text but no file.
SCRIPT_JOB = "Loss.to_xml()"


@dataclass(frozen=True)
class FittedProperty:
    """One property of every configuration of a dataset.

    Parameters
    ----------
    name
        ``total-energy``, ``atomic-energy``, ``atomic-forces`` or ``stress``.
    fit
        Whether it enters the objective; others are only computed and reported.
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
class DatasetSource:
    """A ``<dataset>`` of the job: configurations and targets of an HDF5 file."""

    id: str
    file: str  #: as written in the job
    path: str  #: resolved against the job's folder
    line: int
    select: str  #: see `hpcfit.dataset.selection`
    relative_weight: float
    properties: tuple[FittedProperty, ...]
    absolute: AbsoluteWeights | None  #: None if weights are normalised

    @property
    def runs_python(self) -> bool:
        """Whether a function of the user computes its residuals."""
        return self.absolute is not None and self.absolute.function is not None

    @property
    def used(self) -> tuple[bool, bool, bool]:
        """Whether energies, forces and stresses are fitted."""
        fitted = {entry.name for entry in self.properties if entry.fit}
        energy = not fitted.isdisjoint(("total-energy", "atomic-energy"))
        return energy, "atomic-forces" in fitted, "stress" in fitted


@dataclass(frozen=True)
class Group:
    """A ``<group>`` of the job, or its ``<structures>``."""

    id: str
    relative_weight: float
    children: tuple[Group | DatasetSource | Structure | DerivedProperty, ...]


@dataclass(frozen=True)
class Fitting:
    """The ``<fitting>`` of a job."""

    solver: Minimiser
    blocks: int | None  #: number of blocks of the reduction; None takes the default
    checkpoint_interval: int  #: iterations between checkpoints
    output_interval: int | None = (
        None  #: iterations between lists of the parameters in the log; None for none
    )
    assembly: str = "tsqr"  #: one of `hpcfit.parallel.assembly.ASSEMBLIES`


@dataclass(frozen=True)
class ExportFile:
    """A potential file that the job writes at the end of its run.

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
    """A value of the job with its name in a constraint's expression.

    Parameters
    ----------
    name
        Its name in the formula.
    path
        Of a parameter, or of a function.
    argument
        The argument of the function; None for a parameter.
    """

    name: str
    path: str
    argument: float | None


@dataclass(frozen=True)
class Constraint:
    """A ``<constraint>`` of the job: a parameter that depends on others."""

    id: str
    dependent: str  #: path of the parameter
    formula: str  #: the expression with the names of `terms`
    terms: tuple[ConstraintTerm, ...]


@dataclass(frozen=True)
class Origin:
    """The origin of the lines of a job's text from `first` to the next origin: `first` is line `line` of `file`."""

    first: int
    file: str
    line: int


@dataclass(frozen=True)
class Job:
    """The content of a job file, the same on every rank."""

    path: str
    text: str  #: the file as read, byte for byte, with the files in it that it includes
    hash: str  #: SHA-256 of `text`, and of the files of structures and potentials that it names
    name: str
    species: tuple[str, ...]
    fitting: Fitting | None  #: None when there is nothing to fit or fitting is disabled
    potentials: tuple[Potential, ...]
    structures: Group
    absolute: bool  #: KLIFF's loss instead of normalised weights
    loss: RobustLoss | None = None  #: None for squares
    preset: str = "balanced"  #: of tolerances, where properties give none
    constraints: tuple[Constraint, ...] = ()  #: each one behind those that it needs
    exports: tuple[ExportFile, ...] = ()
    warnings: tuple[str, ...] = ()  #: possible mistakes that are not errors
    verbosity: str = "medium"  #: one of `VERBOSITIES`
    precision: int | None = None  #: digits of printed numbers; None for the default
    log_file: str = ""  #: resolved path of the log; empty for standard output
    validate: bool = False  #: whether the potentials' derivatives are compared with differences
    masses: tuple[
        float | None, ...
    ] = ()  #: per species, amu; None, or nothing at all, where the job gives none
    atomic_numbers: tuple[int | None, ...] = ()  #: per species, as `masses`
    origins: tuple[Origin, ...] = ()  #: of the lines of `text`; empty where nothing is included

    def place(self, line: int) -> str:
        """Return the file and line of a line of `text`, for faults."""
        return place_of(line, self.path, self.origins)

    @property
    def outputs(self) -> tuple[tuple[str, str], ...]:
        """Path and name as written of each file that the job writes."""
        structures = [(own.path, own.file) for structure in self.own_structures for own in structure.files]
        exports = [(wanted.path, wanted.file) for wanted in self.exports]
        return (*structures, *exports, *([(self.log_file, self.log_file)] if self.log_file else []))

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
        """Return the paths of the parameters on which a term of a constraint depends."""
        if term.argument is None:
            return (term.path,)
        return tuple(p.path for p in self.functions[term.path].all_parameters)

    @property
    def datasets(self) -> tuple[DatasetSource, ...]:
        """Every dataset of the job, in document order."""
        return tuple(leaf for leaf in _leaves(self.structures) if isinstance(leaf, DatasetSource))

    @property
    def own_structures(self) -> tuple[Structure, ...]:
        """Every structure described in the job, in document order."""
        return tuple(leaf for leaf in _leaves(self.structures) if isinstance(leaf, Structure))

    @property
    def derived(self) -> tuple[DerivedProperty, ...]:
        """Every property of several structures, in document order."""
        return tuple(leaf for leaf in _leaves(self.structures) if isinstance(leaf, DerivedProperty))


def place_of(line: int, path: str, origins: Sequence[Origin]) -> str:
    """Return the file and line of a line of a job's text; the file is `path` without an origin."""
    earlier = [origin for origin in origins if origin.first <= line]
    if not earlier:
        return f"{path}:{line}"
    return f"{earlier[-1].file}:{earlier[-1].line + line - earlier[-1].first}"


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
