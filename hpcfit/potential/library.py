"""The only file that calls the C library: catalogue, geometries and evaluations, with every array checked."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.catalogue import records
from hpcfit.potential._kernels import ffi, lib
from hpcfit.potential.batch import Batch
from hpcfit.potential.library_functions import Functions, Scratch, pointer
from hpcfit.records import (
    Bonds,
    FloatArray,
    FormRecord,
    Formulas,
    ParameterForm,
    ParameterKind,
    PotentialForm,
    RoleForm,
    SizeForm,
    species_tuples,
)

_KINDS = {
    lib.HPCFIT_PAIR: ParameterKind.PAIR,
    lib.HPCFIT_TRIPLET: ParameterKind.TRIPLET,
    lib.HPCFIT_SPECIES: ParameterKind.SPECIES,
    lib.HPCFIT_ORDERED_PAIR: ParameterKind.ORDERED_PAIR,
    lib.HPCFIT_ORDERED_TRIPLET: ParameterKind.ORDERED_TRIPLET,
}
_ARGUMENTS = {
    lib.HPCFIT_OF_DISTANCE: "distance",
    lib.HPCFIT_OF_DENSITY: "density",
    lib.HPCFIT_OF_COSINE: "cosine",
}


@dataclass(frozen=True)
class NotFinite:
    """The first number of an evaluation that is NaN or infinite; indices are -1 if unknown."""

    structure: int
    atom: int
    message: str


@functools.cache
def potential_forms() -> tuple[PotentialForm, ...]:
    """Return all potentials: those of the kernels in the order of the registry, then those made of formulas."""
    found = {record.name: record for record in records("hpcfit.potential.forms", FormRecord)}
    handles = [lib.hpcfit_potential_at(k) for k in range(lib.hpcfit_n_potentials())]
    forms = {form.name: form for form in map(_form, handles)}
    kernels = [replace(form, record=found.get(name, FormRecord(""))) for name, form in forms.items()]
    return *kernels, *(
        _of_formulas(forms[r.formulas.kernel], r, r.formulas) for r in found.values() if r.formulas
    )


def _of_formulas(kernel: PotentialForm, record: FormRecord, made: Formulas) -> PotentialForm:
    return replace(
        kernel,
        name=record.name,
        formula=made.formula,
        reference=made.reference,
        parameters=made.parameters,
        record=record,
    )


def _form(potential: Any) -> PotentialForm:
    rows = [
        lib.hpcfit_potential_parameter(potential, k)
        for k in range(lib.hpcfit_potential_n_parameters(potential))
    ]
    sizes = [lib.hpcfit_potential_size(potential, k) for k in range(lib.hpcfit_potential_n_sizes(potential))]
    roles = [lib.hpcfit_potential_role(potential, k) for k in range(lib.hpcfit_potential_n_roles(potential))]
    return PotentialForm(
        name=_text(lib.hpcfit_potential_name(potential)),
        formula=_text(lib.hpcfit_potential_formula(potential)),
        reference=_text(lib.hpcfit_potential_reference(potential)),
        parameters=tuple(
            ParameterForm(
                name=_text(row.name),
                unit=_text(row.unit),
                description=_text(row.description),
                kind=_KINDS[row.kind],
                lower=row.lower,
                upper=row.upper,
                fittable=bool(row.fittable),
                reach=bool(row.reach),
                step=row.step,
                numbered=bool(row.numbered),
            )
            for row in rows
        ),
        pairwise=bool(lib.hpcfit_potential_pairwise(potential)),
        needs_positions=bool(lib.hpcfit_potential_needs_positions(potential)),
        is_linear=bool(lib.hpcfit_potential_is_linear(potential)),
        sizes=tuple(
            SizeForm(_text(size.name), _text(size.description), size.lower, size.upper) for size in sizes
        ),
        n_rows=functools.partial(_n_rows, potential) if sizes else None,
        roles=tuple(
            RoleForm(_text(role.name), _text(role.description), _KINDS[role.kind], _ARGUMENTS[role.argument])
            for role in roles
        ),
    )


def _n_rows(potential: Any, sizes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(
        int(lib.hpcfit_potential_n_rows(potential, list(sizes), k))
        for k in range(lib.hpcfit_potential_n_parameters(potential))
    )


def _text(pointer: Any) -> str:
    return str(ffi.string(pointer).decode())


class Geometry:
    """Distances and directions of a batch, arranged once for any number of evaluations.

    Parameters
    ----------
    batch
        Structures with their neighbours.
    pairs
        Whether to store each pair once more for pairwise potentials; both atoms of a pair must then list each other.
    positions
        Whether to store cells, periodicity and positions of the batch for potentials that need them.

    Raises
    ------
    ValueError
        If offsets, species or neighbours of the batch are inconsistent.
    MemoryError
        If the kernels cannot allocate memory.
    """

    def __init__(self, batch: Batch, pairs: bool = True, positions: bool = False) -> None:
        self.n_structures = len(batch.structure_start) - 1
        self.n_atoms = len(batch.species)
        self.n_species = batch.n_species
        n_neighbours = len(batch.neighbour)
        c_batch = ffi.new("hpcfit_batch *")
        c_batch.n_structures = self.n_structures
        c_batch.n_atoms = self.n_atoms
        c_batch.n_species = batch.n_species
        c_batch.structure_start = pointer("int64_t", batch.structure_start, (self.n_structures + 1,))
        c_batch.species = pointer("int32_t", batch.species, (self.n_atoms,))
        c_batch.neighbour_start = pointer("int64_t", batch.neighbour_start, (self.n_atoms + 1,))
        if batch.neighbour_start[-1] != n_neighbours:
            raise ValueError(f"neighbour_start ends at {batch.neighbour_start[-1]}, allowed {n_neighbours}")
        c_batch.neighbour = pointer("int32_t", batch.neighbour, (n_neighbours,))
        c_batch.vector = ffi.cast("double (*)[3]", pointer("double", batch.vector, (n_neighbours, 3)))
        cell, periodic, position = batch.cell, batch.periodic, batch.position
        if positions and cell is not None and periodic is not None and position is not None:
            shape = (self.n_structures, 3)
            c_batch.cell = ffi.cast("double (*)[3][3]", pointer("double", cell, (*shape, 3)))
            c_batch.periodic = ffi.cast("int32_t (*)[3]", pointer("int32_t", periodic, shape))
            c_batch.position = ffi.cast("double (*)[3]", pointer("double", position, (self.n_atoms, 3)))
        parts = pairs * lib.HPCFIT_PAIRS | positions * lib.HPCFIT_POSITIONS
        handle, error = ffi.new("hpcfit_geometry **"), ffi.new("hpcfit_error *")
        _raise(lib.hpcfit_geometry_new(c_batch, parts, handle, error), error)
        self._handle = ffi.gc(handle[0], lib.hpcfit_geometry_free)
        self.by_bonds: dict[Bonds, Geometry] = {}  #: the same structures with some bonds only

    @property
    def n_bytes(self) -> int:
        """Memory of the kernels for this geometry."""
        return int(lib.hpcfit_geometry_bytes(self._handle)) + sum(g.n_bytes for g in self.by_bonds.values())

    def n_rows(self, virials: bool) -> int:
        """Return the length of one column of `evaluate`: energies, forces and optionally virials."""
        return self.n_structures * (7 if virials else 1) + 3 * self.n_atoms


def evaluate(
    form: str,
    geometry: Geometry,
    parameters: FloatArray,
    free: NDArray[np.int32],
    columns: FloatArray,
    virials: bool,
    functions: Functions | None = None,
    scratch: Scratch | None = None,
    densities: FloatArray | None = None,
    sizes: tuple[int, ...] = (),
) -> NotFinite | None:
    """Add a potential's energies, forces and virials, and their exact derivatives, to `columns`.

    Parameters
    ----------
    form
        Name of the potential, as in `potential_forms`.
    geometry
        The structures.
    parameters
        All parameters of the potential, in the order of its table, combinations of species inside.
    free
        int32 [n_free], indices of the parameters to differentiate by.
    columns
        [1 + n_free, n_rows], added to. Row 0 of this array holds energies [n_structures] (eV), then forces
        [n_atoms, 3] (eV/Angstrom), then, if `virials`, virials [n_structures, 6] (eV; minus the derivative of the
        energy with respect to strain, order xx yy zz yz xz xy); row k + 1 their derivatives by free parameter k.
    virials
        Whether to compute virials.
    functions
        For a potential with roles, compiled for these free parameters.
    scratch
        Working memory; by default new memory.
    densities
        [n_atoms], set for atoms with an embedding energy; None if not wanted.
    sizes
        For a potential whose parameter table depends on sizes.

    Returns
    -------
    NotFinite or None
        The first result that is not finite, None if all are finite.

    Raises
    ------
    ValueError
        If an array has the wrong type, shape or layout, or a free parameter is out of range.
    """
    potential = _potential(form)
    if bool(lib.hpcfit_potential_n_roles(potential)) != (functions is not None):
        raise ValueError(
            f"functions given to a potential without roles, or not given to one with, found '{form}'"
        )
    n_parameters = functions.n_parameters if functions else _n_parameters(form, geometry.n_species, sizes)
    c_sizes = ffi.new("int64_t[]", sizes) if sizes else ffi.NULL
    handle = functions._handle if functions else ffi.NULL
    n_rows, n_structures, n_atoms = geometry.n_rows(virials), geometry.n_structures, geometry.n_atoms
    start = pointer("double", columns, (1 + len(free), n_rows), writable=True)
    output = ffi.new("hpcfit_output *")
    output.stride = n_rows
    output.energies = start
    output.forces = ffi.cast("double (*)[3]", start + n_structures)
    if virials:
        output.virials = ffi.cast("double (*)[6]", start + n_structures + 3 * n_atoms)
    if densities is not None:
        output.densities = pointer("double", densities, (n_atoms,), writable=True)
    error = ffi.new("hpcfit_error *")
    n_scratch = lib.hpcfit_scratch_size(potential, c_sizes, handle, geometry._handle, len(free))
    status = lib.hpcfit_evaluate(
        potential,
        c_sizes,
        handle,
        geometry._handle,
        pointer("double", parameters, (n_parameters,)),
        len(free),
        pointer("int32_t", free, (len(free),)),
        (scratch or Scratch())._pointer(n_scratch),
        output,
        error,
    )
    if status == lib.HPCFIT_NOT_FINITE:
        return NotFinite(error.structure, error.atom, _text(error.message))
    _raise(status, error)
    return None


def has_gradient(form: str) -> bool:
    """Return whether a potential supports `gradient`."""
    return bool(lib.hpcfit_potential_has_gradient(_potential(form)))


def gradient(
    form: str,
    geometry: Geometry,
    parameters: FloatArray,
    free: NDArray[np.int32],
    weights: FloatArray,
    virials: bool,
    functions: Functions,
    scratch: Scratch | None = None,
) -> FloatArray:
    """Return the exact derivatives [n_free] of a weighted sum of energies, forces and virials, without columns.

    Parameters
    ----------
    form
        Name of a potential that `has_gradient`.
    geometry, parameters, free, virials, functions, scratch
        As in `evaluate`.
    weights
        [n_rows], one for each row of a column of `evaluate`.

    Raises
    ------
    ValueError
        As in `evaluate`, and for a potential without reverse mode.
    """
    potential, n_structures, n_atoms = _potential(form), geometry.n_structures, geometry.n_atoms
    start = pointer("double", weights, (geometry.n_rows(virials),))
    c_weights = ffi.new("hpcfit_weights *")
    c_weights.energies = start
    c_weights.forces = ffi.cast("double (*)[3]", start + n_structures)
    if virials:
        c_weights.virials = ffi.cast("double (*)[6]", start + n_structures + 3 * n_atoms)
    found, error = np.zeros(len(free)), ffi.new("hpcfit_error *")
    n_scratch = lib.hpcfit_gradient_scratch_size(potential, ffi.NULL, functions._handle, geometry._handle)
    status = lib.hpcfit_gradient(
        potential,
        ffi.NULL,
        functions._handle,
        geometry._handle,
        pointer("double", parameters, (functions.n_parameters,)),
        len(free),
        pointer("int32_t", free, (len(free),)),
        (scratch or Scratch())._pointer(n_scratch),
        c_weights,
        pointer("double", found, (len(free),), writable=True),
        error,
    )
    _raise(status, error)
    return found


def function_values(functions: Functions, number: int, parameters: FloatArray, x: FloatArray) -> FloatArray:
    """Return all outputs [n_outputs, n] of one function at arguments `x` [n], zero from its cut-off on.

    Parameters
    ----------
    functions
        Compiled functions.
    number
        Index of the function.
    parameters
        Parameters of all functions in sequence.
    x
        Arguments.
    """
    function = functions._array[number]
    # The kernels take arguments in vectors of 8.
    padded = np.concatenate([x, np.zeros(-len(x) % 8)])
    outputs = np.empty((function.program.n_outputs, len(padded)))
    lib.hpcfit_function_values(
        ffi.addressof(function),
        pointer("double", parameters, (functions.n_parameters,)),
        len(padded),
        pointer("double", padded, padded.shape),
        Scratch()._pointer(lib.hpcfit_function_scratch_size(ffi.addressof(function))),
        pointer("double", outputs, outputs.shape, writable=True),
    )
    return np.ascontiguousarray(outputs[:, : len(x)])


def _potential(form: str) -> Any:
    found = _potentials(lib).get(form)
    if found is None:
        raise ValueError(f"unknown potential, found '{form}', allowed {[f.name for f in potential_forms()]}")
    return found


# Both are cached, since reading the tables takes longer than evaluating a small block.
@functools.cache
def _potentials(library: Any) -> dict[str, Any]:
    handles = [library.hpcfit_potential_at(k) for k in range(library.hpcfit_n_potentials())]
    return {_text(library.hpcfit_potential_name(handle)): handle for handle in handles}


@functools.cache
def _n_parameters(form: str, n_species: int, sizes: tuple[int, ...]) -> int:
    found = _form(_potential(form))
    if len(sizes) != len(found.sizes) or not all(
        size.lower <= value <= size.upper for size, value in zip(found.sizes, sizes, strict=False)
    ):
        allowed = ", ".join(f"{size.name} {size.lower} .. {size.upper}" for size in found.sizes) or "none"
        raise ValueError(f"wrong sizes for {form}, found {sizes}, allowed {allowed}")
    return sum(len(species_tuples(row.kind, n_species)) for row in found.shaped(sizes).parameters)


def _raise(status: int, error: Any) -> None:
    if status == lib.HPCFIT_OUT_OF_MEMORY:
        raise MemoryError(_text(error.message))
    if status != lib.HPCFIT_OK:
        raise ValueError(f"{_text(error.message)}, structure {error.structure}, atom {error.atom}")
