"""Forms of potentials and functions: the tables of the C kernels and the records of the Python files."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace


class ParameterKind(enum.Enum):
    """The combinations of species for which a potential's parameter has values."""

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
    reach: bool = False  #: the sum of all parameters with this mark is the range of the interaction
    step: float = 0.0  #: if not 0, only `lower`, `lower` + `step`, ... are admissible
    numbered: bool = False  #: stands for several rows, its name followed by 0, 1, ...


@dataclass(frozen=True)
class SizeForm:
    """An integer that determines the length of a potential's parameter table, as the number of terms."""

    name: str
    description: str
    lower: int  #: smallest admissible value
    upper: int  #: largest admissible value


@dataclass(frozen=True)
class RoleForm:
    """The role of a function of one variable in a potential built from functions."""

    name: str
    description: str
    kind: ParameterKind  #: combinations of species with a function each
    argument: str  #: ``distance``, ``density`` or ``cosine``


@dataclass(frozen=True)
class ParameterSet:
    """Published values of a form's parameters for some species.

    Parameters
    ----------
    species
        Symbols, in the order of the tags.
    reference
        Publication.
    values
        Values by parameter; for several species, by parameter and tag.
    """

    species: tuple[str, ...]
    reference: str
    values: Mapping[str, float | Mapping[str, float]]


@dataclass(frozen=True)
class PairStyle:
    """A LAMMPS pair style whose ``pair_coeff`` takes the parameters of a form unchanged.

    Parameters
    ----------
    format
        Name of the export format.
    style
        Name of the pair style.
    columns
        The parameters in the order of ``pair_coeff``.
    strengths
        Parameters proportional to the energy: zero for bonds on which the potential does not act.
    """

    format: str
    style: str
    columns: tuple[str, ...]
    strengths: tuple[str, ...]


def _unchanged(values: Mapping[str, float]) -> Mapping[str, float]:
    return values


@dataclass(frozen=True)
class ColumnFile:
    """A LAMMPS potential file: three elements and a fixed number of columns per entry.

    Parameters
    ----------
    format
        Name of the export format.
    style
        Name of the pair style.
    columns
        Names of the columns.
    read
        Converts the columns of an entry to parameters.
    write
        Converts the parameters of an ordered triplet to columns.
    energies
        Columns that LAMMPS converts from a file's unit of energy; without any, it refuses other units.
    fixed
        Columns with a constant value, which are not parameters in hpcfit.
    strengths
        Parameters proportional to the energy: zero for bonds on which the potential does not act. Without any, files
        only hold potentials that act on all bonds.
    not_negative
        Parameters that LAMMPS refuses below zero.
    note
        Note for the user of a file for one species.
    """

    format: str
    style: str
    columns: tuple[str, ...]
    read: Callable[[Mapping[str, float]], Mapping[str, float]] = _unchanged
    write: Callable[[Mapping[str, float]], Mapping[str, float]] = _unchanged
    energies: tuple[str, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    strengths: tuple[str, ...] = ()
    not_negative: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class ExportElement:
    """The element of a job that requests a file of a potential, and the format of the file."""

    element: str
    format: str


@dataclass(frozen=True)
class Formulas:
    """A potential made of formulas for the roles of a kernel.

    Parameters
    ----------
    kernel
        Name of the potential with these roles.
    formula, reference, parameters
        As in `PotentialForm`; the parameter ``cutoff`` is the cut-off of all functions of the distance.
    roles
        By name of the role, a formula in ``x`` and the parameters.
    screening
        A factor of all functions of the distance; empty for none.
    """

    kernel: str
    formula: str
    reference: str
    parameters: tuple[ParameterForm, ...]
    roles: Mapping[str, str]
    screening: str = ""


@dataclass(frozen=True)
class FormRecord:
    """The data of a potential that are not in its C kernel.

    Parameters
    ----------
    name
        Of the kernel, or of the potential made of formulas.
    short_id
        First part of the paths of its parameters in scripts; by default its name.
    modes
        Switches: attributes of its element that are true or false.
    never_fitted
        Parameters that cannot be fitted; ``<fit-dof>`` may list them if they are disabled.
    species_in_tags
        Whether only its tags define its species, so that it acts on all bonds.
    pair_formula
        Of a pair energy: its formula in ``x`` and the parameters, up to the parameter ``cutoff``.
    published
        Published values; the first set for some species is the default.
    lammps
        LAMMPS's pair style or file for it.
    function_file
        Format of files of tables or splines for its functions.
    export
        Element for its file; None for ``<export-potential>`` in the format of `lammps`, if it has one.
    formulas
        Its formulas, if it has no kernel of its own.
    """

    name: str
    short_id: str = ""
    modes: tuple[str, ...] = ()
    never_fitted: tuple[str, ...] = ()
    species_in_tags: bool = False
    pair_formula: str = ""
    published: tuple[ParameterSet, ...] = ()
    lammps: PairStyle | ColumnFile | None = None
    function_file: str = ""
    export: ExportElement | None = None
    formulas: Formulas | None = None

    @property
    def export_element(self) -> ExportElement | None:
        """The element for its file, None without a format."""
        if self.export or not self.lammps:
            return self.export
        return ExportElement("export-potential", self.lammps.format)

    @property
    def file(self) -> ColumnFile | None:
        """The file format of start values."""
        return self.lammps if isinstance(self.lammps, ColumnFile) else None


@dataclass(frozen=True)
class PotentialForm:
    """A potential: its name, formula, source, parameter table and record.

    A potential with `roles` is built from functions of the job, or from the formulas of its record. For one with
    `sizes`, `shaped` makes the table for given sizes.
    """

    name: str
    formula: str
    reference: str
    parameters: tuple[ParameterForm, ...]
    roles: tuple[RoleForm, ...] = ()
    pairwise: bool = False  #: whether it needs each pair once
    needs_positions: bool = False  #: whether it needs cells, periodicity and positions
    is_linear: bool = False  #: whether the energy is linear in all parameters that can be fitted
    sizes: tuple[SizeForm, ...] = ()
    #: for given sizes, how many rows each of `parameters` stands for
    n_rows: Callable[[tuple[int, ...]], tuple[int, ...]] | None = field(default=None, compare=False)
    record: FormRecord = FormRecord("")

    def shaped(self, sizes: tuple[int, ...]) -> PotentialForm:
        """Return the form with the table for given sizes, itself if it has none."""
        if self.n_rows is None:
            return self
        rows = [
            replace(row, name=f"{row.name}{number}" if row.numbered else row.name, numbered=False)
            for row, n_rows in zip(self.parameters, self.n_rows(sizes), strict=True)
            for number in range(n_rows)
        ]
        return replace(self, parameters=tuple(rows), n_rows=None)

    @property
    def is_pair(self) -> bool:
        """Whether it is a sum over pairs by a kernel of its own."""
        return (self.pairwise or bool(self.record.pair_formula)) and not self.roles

    @property
    def kernel(self) -> str:
        """Name of the kernel that evaluates it."""
        return self.record.formulas.kernel if self.record.formulas else self.name

    @property
    def takes_functions(self) -> bool:
        """Whether a job writes its functions."""
        return bool(self.roles) and self.record.formulas is None


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
    """The functions that a job may build potentials from.

    Parameters
    ----------
    forms
        The built-in functions.
    check_formula
        Raises `ValueError` if a formula with given names is invalid.
    """

    forms: tuple[FunctionForm, ...]
    check_formula: Callable[[str, Collection[str]], None]


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


#: Number of atoms on which a parameter of each kind depends.
N_ATOMS = {
    ParameterKind.SPECIES: 1,
    ParameterKind.PAIR: 2,
    ParameterKind.ORDERED_PAIR: 2,
    ParameterKind.TRIPLET: 3,
    ParameterKind.ORDERED_TRIPLET: 3,
}


def species_tuple(kind: ParameterKind, *atoms: int) -> tuple[int, ...]:
    """Return the one of `species_tuples` for a central atom, a bonded atom and a third atom.

    Parameters
    ----------
    kind
        The combinations; atoms without a place in them do not count.
    atoms
        Species of the atoms, in this order.
    """
    own = atoms[: N_ATOMS[kind]]
    if kind is ParameterKind.PAIR:
        return tuple(sorted(own))
    return (own[0], *sorted(own[1:])) if kind is ParameterKind.TRIPLET else own
