"""A structure of a job in a script."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from hpcfit.api.edit import with_target
from hpcfit.api.objective import JobObjective
from hpcfit.errors import Fault, HpcfitError, InputError
from hpcfit.objective.single import Single, evaluate_single
from hpcfit.objective.structures.block import StructureBlock, StructurePlan
from hpcfit.objective.structures.plan import species_masses
from hpcfit.records import Atoms, FloatArray, Structure, StructureResult
from hpcfit.report.structures import failure_lines, outcome_lines
from hpcfit.runfile.structure_outcomes import structure_outcome

FORCES = "atomic-forces"


class JobStructure:
    """One structure of a `Job`, from `Job.structures`.

    No method is collective: under MPI every rank computes the same, and the root prints.

    Parameters
    ----------
    name
        Id of the structure.
    job
        The job.
    change
        Replaces the record of the structure in the job.
    """

    def __init__(self, name: str, job: JobObjective, change: Callable[[Structure], None]) -> None:
        self._id = name
        self._job = job
        self._change = change
        self._result: StructureResult | None = None
        self._properties: OrderedDict[str, float | FloatArray] = OrderedDict()

    @property
    def id(self) -> str:
        """Id in the job."""
        return self._id

    @property
    def _record(self) -> Structure:
        return next(record for record in self._job.record.own_structures if record.id == self._id)

    @property
    def _atoms(self) -> Atoms:
        return self._record.atoms if self._result is None else self._result.atoms

    @property
    def positions(self) -> FloatArray:
        """Positions [n, 3], Angstrom, as relaxed by the last `compute_properties`."""
        return self._atoms.position.copy()

    def get_positions(self) -> FloatArray:
        """Return `positions`."""
        return self.positions

    @property
    def cell(self) -> FloatArray:
        """Cell vectors [3, 3] in rows, Angstrom, as relaxed by the last `compute_properties`."""
        return self._atoms.cell.copy()

    def get_cell(self) -> FloatArray:
        """Return `cell`."""
        return self.cell

    def get_number_of_atoms(self) -> int:
        """Return the number of atoms."""
        return len(self._atoms)

    def get_atoms(self, job: JobObjective | None = None) -> Any:
        """Return an `ase.Atoms`.

        Parameters
        ----------
        job
            The structure's own job, for scripts of atomicrex.

        Raises
        ------
        InputError
            If `job` is a different job.
        """
        from ase import Atoms as AseAtoms

        if job is not None and job is not self._job:
            raise InputError([Fault(f"structure '{self._id}'", "job must be the structure's own")])
        atoms = self._atoms
        symbols = [self._job.record.species[number] for number in atoms.species]
        return AseAtoms(symbols, positions=atoms.position, cell=atoms.cell, pbc=atoms.pbc)

    def modify_property(
        self, name: str, target: Any, relative_weight: float = 1.0, tolerance: float | None = None
    ) -> None:
        """Fit a property; a degree of freedom, as ``lattice-parameter``, relaxes from now on.

        Parameters
        ----------
        name
            As in a job file.
        target
            A number, or the components of a vector, in the printed unit.
        relative_weight
            Weight among the properties of this structure.
        tolerance
            In the same unit; by default that of the job, or of its preset.

        Raises
        ------
        InputError
            If the property is unknown or a number is invalid.
        """
        components = np.atleast_1d(np.asarray(target, dtype=np.float64)).ravel()
        changed = with_target(
            self._job.record, self._record, name, components.tolist(), relative_weight, tolerance
        )
        self._change(changed)

    def compute_properties(self) -> StructureResult:
        """Relax the structure as the job says, at the current parameters, and fill `properties`.

        Returns
        -------
        StructureResult
            The same in the code's units; ``failure`` tells why a relaxation failed.
        """
        record, job = self._record, self._job
        work = StructurePlan(
            (record,), 1, ((0.0,) * len(record.properties),), masses=species_masses(job.record)
        )
        model = job.model
        block = StructureBlock(model, work)
        with np.errstate(all="ignore"):
            (result,), _ = block.results(model.variables.at(job.get_potential_parameters()))
            job.warn(block.take_notes())
        self.update(result)
        return result

    def update(self, result: StructureResult) -> None:
        """Store a result for `properties`, `positions` and `cell`."""
        self._result = result
        weights = (0.0,) * len(self._record.properties)
        outcome = structure_outcome(self._job.record.species, self._record, weights, (result, result))
        self._properties = OrderedDict(
            (prop.name, float(prop.value[0]) if len(prop.value) == 1 else prop.value)
            for prop in outcome.properties
        )

    @property
    def properties(self) -> OrderedDict[str, float | FloatArray]:
        """Last computed values in printed units; empty before the first computation."""
        return self._properties.copy()

    def print_properties(self) -> None:
        """Compute the properties, and print them with their targets on the root."""
        result = self.compute_properties()
        record, job = self._record, self._job
        outcome = structure_outcome(job.record.species, record, job.weights_of(record), (result, result))
        job.say([*outcome_lines(outcome, job.style), *failure_lines([outcome])])

    def compute_energy(self, compute_forces: bool = False) -> float:
        """Return the energy, eV, at the current positions, without relaxation.

        Parameters
        ----------
        compute_forces
            Whether the forces must be finite too.

        Raises
        ------
        HpcfitError
            If the energy, or a force that must be, is not finite.
        """
        return self._single(compute_forces).energy

    def get_potential_energy(self) -> float:
        """Return the energy, eV, at the current positions."""
        return self._single(False).energy

    def get_forces(self) -> FloatArray:
        """Return the forces [n, 3], eV/Angstrom, at the current positions."""
        return self._single(True).forces

    def _single(self, forces: bool) -> Single:
        job = self._job
        x = job.model.variables.at(job.get_potential_parameters())
        made = evaluate_single(job.model, x, self._atoms)
        if made.first_non_finite is not None and (forces or not np.isfinite(made.energy)):
            raise HpcfitError(f"structure '{self._id}': {made.first_non_finite.message}")
        return made

    @property
    def target_forces(self) -> FloatArray:
        """Target forces [n, 3], eV/Angstrom.

        Raises
        ------
        InputError
            If there are none.
        """
        listed = [prop.target for prop in self._record.properties if prop.name == FORCES and prop.target]
        if not listed:
            raise InputError([Fault(f"structure '{self._id}'", "no target forces")])
        return np.array(listed[0]).reshape(-1, 3)

    def get_target_forces(self) -> FloatArray:
        """Return `target_forces`."""
        return self.target_forces

    def set_target_forces(self, forces: Any) -> None:
        """Fit the forces to `forces` [n, 3], eV/Angstrom; weight and tolerance stay as they are.

        Raises
        ------
        InputError
            If there is not one force for each atom.
        """
        record = self._record
        weight = next((p.relative_weight for p in record.properties if p.name == FORCES), 1.0)
        self.modify_property(FORCES, forces, weight)
