"""Structures described in a job: atoms, relaxed degrees of freedom, and requested properties.

All numbers are in the code's units (eV, Angstrom); a property's own unit stands in its form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcfit.records.arrays import FloatArray

#: Structural degrees of freedom. The first three are values of the structure and properties too; its atoms follow them
#: affinely from their start: all lengths scale, all lengths along z scale, the second atom moves away from the first.
#: The others are all atoms but for a common translation, and the cell: its volume, its lengths along x, y and z, or all
#: six strains, with the atoms following.
DEGREES_OF_FREEDOM = (
    "lattice-parameter",
    "ca-ratio",
    "atom-distance",
    "atom-coordinates",
    "cell-hydrostatic",
    "cell-orthorhombic",
    "cell-full",
)

#: Those that change the cell, and those that give it its volume.
CELL = DEGREES_OF_FREEDOM[4:]
SIZE = ("lattice-parameter", *CELL)


@dataclass(frozen=True)
class Atoms:
    """The atoms of one structure.

    Parameters
    ----------
    species
        int32 [n], the job's numbers of the species.
    cell
        [3, 3], rows are the cell vectors, Angstrom; zero rows where there is none.
    pbc
        bool [3].
    position
        [n, 3], Angstrom.
    """

    species: NDArray[np.int32]
    cell: FloatArray
    pbc: NDArray[np.bool_]
    position: FloatArray

    def __len__(self) -> int:
        return len(self.species)


@dataclass(frozen=True)
class DegreeOfFreedom:
    """A relaxed structural degree of freedom, one of `DEGREES_OF_FREEDOM`, with the bounds of its relaxation."""

    name: str
    minimum: float = -np.inf
    maximum: float = np.inf


@dataclass(frozen=True)
class PropertyForm:
    """A property that structures have.

    Parameters
    ----------
    name
        As in the job.
    rank
        Position in reports, which list properties by ascending rank.
    unit
        Unit of printed values, and of targets and tolerances in the job.
    description
        One line for the manual.
    size
        Size of the unit in the code's units.
    vector
        Whether it has components, as many as the target.
    mirrors
        The degree of freedom of which it is the value, or empty. Fitting it relaxes that degree of freedom.
    follows
        The degrees of freedom on which it depends, if it depends on the geometry alone: an input where none relaxes.
    vanishes
        The degrees of freedom whose relaxation makes it zero.
    always
        Whether it is always computed.
    needs_volume
        Whether it needs a cell with a volume.
    needs_masses
        Whether it needs the masses of the species.
    arguments
        Further attributes of its element, with descriptions.
    """

    name: str
    rank: int
    unit: str
    description: str
    _: KW_ONLY
    size: float = 1.0
    vector: bool = False
    mirrors: str = ""
    follows: tuple[str, ...] = ()
    vanishes: tuple[str, ...] = ()
    always: bool = False
    needs_volume: bool = False
    needs_masses: bool = False
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WantedProperty:
    """A property that a job lists for one structure.

    Parameters
    ----------
    name
        Of its form.
    fit
        Whether it enters the objective; others are only reported.
    target
        Empty for none; the components of a vector row by row.
    relative_weight
        Among the properties of its structure.
    tolerance
        The residual's unit.
    style
        ``squared``, ``squared-relative`` or ``absolute-diff``.
    relaxed
        Whether it is measured after the relaxation, not before.
    all_components
        Whether every component of a vector is printed.
    arguments
        The further attributes of its form, as written.
    line
        Of the job.
    minimum, maximum
        Bounds of the degree of freedom of which it is the value.
    """

    name: str
    fit: bool
    target: tuple[float, ...]
    relative_weight: float
    tolerance: float
    style: str
    relaxed: bool = True
    all_components: bool = False
    arguments: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    minimum: float = -np.inf
    maximum: float = np.inf


@dataclass(frozen=True)
class StructureFile:
    """A file that receives a structure at the end of a run: ``lammps-dump``, ``poscar`` or ``extxyz``."""

    format: str
    file: str  #: as written in the job
    path: str  #: resolved against the job's folder


@dataclass(frozen=True)
class Structure:
    """A structure of the job.

    Parameters
    ----------
    id, line, relative_weight
        In the job.
    kind
        Its element's name: ``fcc-lattice``, ``user-structure``, ...
    atoms
        As it starts.
    values
        Start values of its first three `DEGREES_OF_FREEDOM`.
    relaxed
        The relaxed degrees of freedom.
    properties
        The listed properties.
    files
        Files that receive it at the end.
    """

    id: str
    line: int
    relative_weight: float
    kind: str
    atoms: Atoms
    values: Mapping[str, float]
    relaxed: tuple[DegreeOfFreedom, ...]
    properties: tuple[WantedProperty, ...]
    files: tuple[StructureFile, ...] = ()


@dataclass(frozen=True)
class DerivedTerm:
    """A property of a structure, with its name in a derived property's expression."""

    name: str
    structure: str
    property: str


@dataclass(frozen=True)
class DerivedProperty:
    """A property of several structures: a leaf of the job's tree beside them.

    Parameters
    ----------
    id, line, relative_weight
        In the job.
    formula
        The expression with the names of `terms`.
    terms
        Scalars of structures, in the units in which they are printed.
    unit
        As printed; `wanted` is in this unit too.
    wanted
        Target, tolerance and style.
    """

    id: str
    line: int
    relative_weight: float
    formula: str
    terms: tuple[DerivedTerm, ...]
    unit: str
    wanted: WantedProperty

    @property
    def properties(self) -> tuple[WantedProperty, ...]:
        """The requested property, as a tuple for the interface of structures."""
        return (self.wanted,)


#: Primitive cell vectors in units of the conventional ones, whose lengths are 1, 1, c/a (or at 120 degrees).
CENTRINGS = {
    "primitive": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "face-centred": ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)),
    "body-centred": ((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5)),
    # Every second layer along 111 of a face-centred lattice.
    "rhombohedral": ((1.0, 0.5, 0.5), (0.5, 1.0, 0.5), (0.5, 0.5, 1.0)),
}

#: Number of the species among the lattice's own, and x, y, z in units of the conventional cell's vectors.
Site: TypeAlias = tuple[int, float, float, float]
Sites: TypeAlias = Callable[[Mapping[str, float]], list[Site]]


@dataclass(frozen=True)
class LatticeForm:
    """A structure of the library.

    Parameters
    ----------
    name
        Without ``-lattice``: ``fcc``.
    aliases
        Other names, as Strukturbericht's ``A1``.
    reference
        Space group, prototype and source.
    system
        ``cubic``, ``tetragonal``, ``hexagonal``, ``layer`` (hexagonal, periodic in the plane) or ``dimer``.
    sites
        The atoms, from the values of `internal`.
    n_types
        Number of species, 1 or 2.
    centring
        A key of `CENTRINGS`.
    ca_ratio
        The default; NaN if the job must give it. Not used by a cubic lattice.
    internal
        Coordinates of the sites that symmetry leaves free, with defaults.
    """

    name: str
    aliases: tuple[str, ...]
    reference: str
    system: str
    sites: Sites
    n_types: int = 1
    centring: str = "primitive"
    ca_ratio: float = math.nan
    internal: Mapping[str, float] = field(default_factory=dict)

    @property
    def element(self) -> str:
        """Name of the job's element that describes it."""
        return self.name + ("-structure" if self.system == "dimer" else "-lattice")

    @property
    def types(self) -> tuple[str, ...]:
        """Elements of the job that name its species."""
        return ("atom-type",) if self.n_types == 1 else ("atom-type-A", "atom-type-B")

    @property
    def degrees(self) -> dict[str, float]:
        """`DEGREES_OF_FREEDOM` with a value, and their defaults; NaN if the job must give one."""
        if self.system == "dimer":
            return {"atom-distance": math.nan}
        if self.system in {"cubic", "layer"}:
            return {"lattice-parameter": math.nan}
        return {"lattice-parameter": math.nan, "ca-ratio": self.ca_ratio}


@dataclass(frozen=True)
class Modification:
    """A change to a structure's start atoms.

    ``repeat`` (numbers: n1 n2 n3); ``vacancy`` (site); ``substitution`` (site, species); ``interstitial`` (species,
    numbers: fractional coordinates); ``deformation`` (numbers: F row by row, positions and cell vectors times its
    transpose); ``surface`` (numbers: h k l layers vacuum; termination: lowest and highest plane of atoms; vectors:
    those of the cell in units of the conventional ones, to which h k l refer, empty if they are the same).
    """

    kind: str
    site: int = -1
    species: int = -1
    numbers: tuple[float, ...] = ()
    termination: tuple[int, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class StructureCatalogue:
    """The lattices and properties that a job may use.

    Parameters
    ----------
    lattices
        The library.
    properties
        Their properties.
    build
        Builds a lattice from its name, one species per element of `LatticeForm.types`, and values.
    modify
        Returns changed atoms; raises `ValueError` for an invalid change.
    read
        Reads a file, given as path, format (``poscar``, or empty for any that ASE knows), the job's species and the
        number of a frame or None, as atoms, and the forces [n, 3] if any; raises `ValueError` for an invalid file.
    check
        Returns the faults of a structure with their lines: degrees of freedom and properties that it cannot have,
        targets of the wrong length, invalid arguments.
    """

    lattices: tuple[LatticeForm, ...]
    properties: tuple[PropertyForm, ...]
    build: Callable[[str, Sequence[int], Mapping[str, float]], Atoms]
    modify: Callable[[Atoms, Modification], Atoms]
    read: Callable[[str, str, Sequence[str], int | None], tuple[Atoms, FloatArray | None]]
    check: Callable[[Structure], Sequence[tuple[int, str]]] = lambda _: ()


@dataclass(frozen=True)
class StructureResult:
    """The result of one structure.

    Parameters
    ----------
    id
        In the job.
    atoms
        After the relaxation.
    values
        Components of every computed property by name. If a property is listed several times with other arguments, all
        names but the first end with ``#2``, ``#3``, ...
    failure
        Why its relaxation failed or halted at a bound; empty if neither happened.
    """

    id: str
    atoms: Atoms
    values: Mapping[str, FloatArray]
    failure: str

    @property
    def trouble(self) -> str:
        """The earlier name of `failure`."""
        return self.failure
