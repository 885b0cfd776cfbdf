"""An ASE calculator for the potentials of a job or a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from ase import Atoms
from ase.calculators.calculator import CalculationFailed, Calculator, all_changes

from hpcfit.objective.model import Model
from hpcfit.objective.single import evaluate_single
from hpcfit.runfile.fitted_job import read_final
from hpcfit.structure.reading import from_ase


class Hpcfit(Calculator):  # type: ignore[misc]  # its annotations are not followed
    """Potentials of a job at its start values, or of a run at its last stored state.

    Energies in eV (``free_energy`` equals ``energy``), forces in eV/Angstrom, stress in eV/Angstrom^3, tension
    positive, order xx yy zz yz xz xy. The energy is the sum over all potentials of the job. Structures may be periodic
    in any direction and smaller than the cut-off; stress needs a cell with a volume.

    Parameters
    ----------
    source
        A run file, finished or not, or a job file; its datasets need not exist.
    **options
        Options of every ASE calculator, as ``label``.

    Raises
    ------
    InputError
        If the file cannot be read or has faults.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, source: str | os.PathLike[str], **options: Any) -> None:
        super().__init__(**options)
        self._source = os.fspath(source)
        job = read_final(self._source).job
        self._species = job.species
        self._model = Model(job)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute energy, forces and, if the cell has a volume, stress; ASE calls this.

        Parameters
        ----------
        atoms
            The structure.
        properties, system_changes
            As in ASE; one evaluation always computes everything.

        Raises
        ------
        InputError
            If the job lacks a species, a number is not finite, or a periodic direction has no cell vector.
        CalculationFailed
            If an energy or a force is not finite.
        """
        super().calculate(atoms, properties, system_changes)
        kept: Atoms = self.atoms
        bare = from_ase(kept, self._species, self._source)
        made = evaluate_single(self._model, self._model.start, bare)
        if (found := made.first_non_finite) is not None:
            where = f", atom {found.atom}" if found.atom >= 0 else ""
            raise CalculationFailed(f"{self._source}: {found.message}{where}")
        self.results = {"energy": made.energy, "free_energy": made.energy, "forces": made.forces}
        if kept.cell.volume > 0:
            self.results["stress"] = -made.virial / kept.cell.volume
