"""A structure of a job, as scripts see it."""

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
from hpcfit.report.structures import outcome_lines, trouble_lines
from hpcfit.runfile.structure_outcomes import structure_outcome

FORCES = "atomic-forces"


class JobStructure:
    """One structure of a `Job`, from `Job.structures`.

    Nothing here is collective: under MPI every rank computes the same, and the root prints.

    Parameters
    ----------
    name
        Its id.
    job
        The job.
    change
        Puts a changed record into the job.
    """

    def __init__(self, name: str, job: JobObjective, change: Callable[[Structure], None]) -> None:
        self._id = name
        self._job = job
        self._change = change
        self._result: StructureResult | None = None
        self._properties: OrderedDict[str, float | FloatArray] = OrderedDict()

    @property
    def id(self) -> str:
        """Its name in the job."""
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
            The structure's job, which atomicrex's scripts pass.

        Raises
        ------
        InputError
            When `job` is another.
        """
        from ase import Atoms as AseAtoms

        if job is not None and job is not self._job:
            raise InputError([Fault(f"structure '{self._id}'", "job is not that of the structure")])
        atoms = self._atoms
        symbols = [self._job.record.species[number] for number in atoms.species]
        return AseAtoms(symbols, positions=atoms.position, cell=atoms.cell, pbc=atoms.pbc)

    def modify_property(
        self, name: str, target: Any, relative_weight: float = 1.0, tolerance: float | None = None
    ) -> None:
        """Fit a property; one that can relax, as ``lattice-parameter``, is relaxed from now on.

        Parameters
        ----------
        name
            As in a job file.
        target
            A number, or the components of a vector, in the unit in which the property is printed.
        relative_weight
            Among the properties of this structure.
        tolerance
            In the same unit; by default what the job says, or that of its preset.

        Raises
        ------
        InputError
            When there is no such property, or a number is faulty.
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
            The same in the code's units, with ``trouble`` where the relaxation did not come to its end.
        """
        record, job = self._record, self._job
        work = StructurePlan(
            (record,), 1, ((0.0,) * len(record.properties),), masses=species_masses(job.record)
        )
        model = job.model
        with np.errstate(all="ignore"):
            (result,), _ = StructureBlock(model, work).results(
                model.variables.at(job.get_potential_parameters())
            )
        self.update(result)
        return result

    def update(self, result: StructureResult) -> None:
        """Take over what was computed of it."""
        self._result = result
        weights = (0.0,) * len(self._record.properties)
        outcome = structure_outcome(self._job.record.species, self._record, weights, (result, result))
        self._properties = OrderedDict(
            (prop.name, float(prop.value[0]) if len(prop.value) == 1 else prop.value)
            for prop in outcome.properties
        )

    @property
    def properties(self) -> OrderedDict[str, float | FloatArray]:
        """Values in the units in which they are printed, as last computed; empty before that."""
        return self._properties.copy()

    def print_properties(self) -> None:
        """Compute the properties, and print them beside their targets, on the root."""
        result = self.compute_properties()
        record, job = self._record, self._job
        outcome = structure_outcome(job.record.species, record, job.weights_of(record), (result, result))
        job.say([*outcome_lines(outcome, job.style), *trouble_lines([outcome])])

    def compute_energy(self, compute_forces: bool = False) -> float:
        """Return the energy, eV, of the atoms where they are, without relaxing them.

        Parameters
        ----------
        compute_forces
            Whether the forces must be finite as well; they are worked out together.

        Raises
        ------
        HpcfitError
            When the energy is not finite, or a force that must be.
        """
        return self._single(compute_forces).energy

    def get_potential_energy(self) -> float:
        """Return the energy, eV, of the atoms where they are."""
        return self._single(False).energy

    def get_forces(self) -> FloatArray:
        """Return the forces [n, 3], eV/Angstrom, on the atoms where they are."""
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
            When there are none.
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
            When there is not one force for each atom.
        """
        record = self._record
        weight = next((p.relative_weight for p in record.properties if p.name == FORCES), 1.0)
        self.modify_property(FORCES, forces, weight)
