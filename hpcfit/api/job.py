"""A job that a script builds, evaluates and fits, with the method names of atomicrex."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import numpy as np

from hpcfit.api.edit import library_structure, user_structure, with_changed, with_structure
from hpcfit.api.objective import JobObjective
from hpcfit.api.ranks import on_all_ranks
from hpcfit.api.result import Result, minimise, refuse_contradiction
from hpcfit.api.structure import JobStructure
from hpcfit.errors import Fault, InputError
from hpcfit.export.structure_files import write_structures
from hpcfit.fit import Fit
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.listeners.exports import write_exports
from hpcfit.parallel.communicator import ROOT
from hpcfit.parallel.signals import stop_requests
from hpcfit.records import ReadOptions, Structure
from hpcfit.report.structures import failure_lines, structure_lines
from hpcfit.runfile.outcomes import StructureOutcome
from hpcfit.runfile.run import StoredRun
from hpcfit.runfile.structure_outcomes import BlockResults
from hpcfit.solver.geodesic import start
from hpcfit.structure.reading import from_ase


class ScriptJob(JobObjective):
    """A job in a script, on one core or on all ranks that run the script.

    Under MPI every rank makes the same calls. Collective methods distribute the work, use the arguments of the root and
    return the same on every rank. The root prints to standard output, even if the job has an ``<output-file>``. Vectors
    of parameters hold the free ones, in printed order. The process's linear algebra is limited to one thread.

    Parameters
    ----------
    comm
        An mpi4py communicator; by default the world.
    """

    def __init__(self, comm: Any = None) -> None:
        super().__init__(comm)
        self._structures: dict[str, JobStructure] = {}
        self._result: Result | None = None

    def parse_input_file(self, path: str, allow_outside: bool = False, allow_python: bool = False) -> None:
        """Read a job file, whose structures may be added later; collective.

        Parameters
        ----------
        path
            The file.
        allow_outside
            Whether it may include files outside its folder.
        allow_python
            Whether it may run functions in Python files.

        Raises
        ------
        InputError
            With all faults of the file, or if a file was read before.
        """
        record = None
        with on_all_ranks(self._comm):
            if self._record is not None:
                raise InputError([Fault(str(path), "job file was read before", allowed="a new Job")])
            if self._comm.rank == ROOT:
                record = read_job(
                    path, catalogue(), ReadOptions(allow_outside, allow_python, unfinished=True)
                )
        record = self._comm.broadcast(record)
        self._record = record
        self._values = np.array([parameter.start for parameter in self.record.free])
        self._structures = {own.id: self._view(own.id) for own in self.record.own_structures}

    def _view(self, name: str) -> JobStructure:
        return JobStructure(name, self, self._change)

    def _change(self, structure: Structure) -> None:
        self._record = with_changed(self.record, structure)
        self._fit = None

    @property
    def structures(self) -> Mapping[str, JobStructure]:
        """The job's own structures by id, in the order of the job."""
        return MappingProxyType(self._structures)

    def add_library_structure(
        self,
        id: str,  # noqa: A002  # the name that scripts use
        name: str,
        params: Mapping[str, float | str],
    ) -> JobStructure:
        """Add a structure of the library.

        Parameters
        ----------
        id
            Id in the job.
        name
            The lattice, as in a job file without ``-lattice``: ``fcc``, ``L1_0``, ``body-centered cubic``.
        params
            ``alat`` (or ``lattice-parameter``), ``ca_ratio`` or ``clat``, ``distance``, ``u`` and the like; ``type``,
            or ``type_A`` and ``type_B``, may be omitted if the job has one species.

        Raises
        ------
        InputError
            If the lattice is unknown, the id is taken, or a value is missing or invalid.
        """
        return self._add(library_structure(self.record, id, name, params))

    def add_ase_structure(self, id: str, atoms: Any) -> JobStructure:  # noqa: A002  # as above
        """Add the atoms of an `ase.Atoms`; its calculator is not used.

        Raises
        ------
        InputError
            If the job lacks a species, or the id is taken.
        """
        bare = from_ase(atoms, self.record.species, f"structure '{id}'")
        return self._add(user_structure(id, bare))

    def _add(self, structure: Structure) -> JobStructure:
        self._record = with_structure(self.record, structure)
        self._fit = None
        self._structures[structure.id] = self._view(structure.id)
        return self._structures[structure.id]

    def prepare_fitting(self) -> None:
        """Compute weights and distribute blocks now; other calls do this when needed; collective.

        Raises
        ------
        InputError
            If there is nothing to fit, or a dataset is missing or has faults.
        """
        with on_all_ranks(self._comm):
            plan = self._prepared().plan
            if not (self.record.free and plan.n_residuals):
                allowed = "a free parameter, and a fitted property"
                raise InputError([Fault(self.record.path, "nothing to fit", allowed=allowed)])

    def perform_fitting(
        self,
        output: str | Path = "",
        overwrite: bool = False,
        resume: bool = False,
        break_lock: bool = False,
    ) -> str:
        """Fit with the job's own minimiser from the current parameters, and return the outcome; collective.

        `result` holds the result. SIGUSR1, SIGTERM and SIGINT stop the fit after the current iteration.

        Parameters
        ----------
        output
            A run file, written after every iteration as a checkpoint; by default the run stays in memory.
        overwrite
            Whether to replace an earlier run in `output`.
        resume
            Whether to continue an earlier run in `output`, to the same bits.
        break_lock
            Whether to take the run file's lock from a process on another host, silent for 10 minutes.

        Raises
        ------
        InputError
            If the job has no enabled ``<fitting>`` or nothing to fit, or the run file has faults.
        """
        with on_all_ranks(self._comm):
            refuse_contradiction("perform_fitting", str(output), overwrite, resume)
        self.prepare_fitting()
        with on_all_ranks(self._comm):
            if self.record.fitting is None:
                allowed = "an enabled <fitting> in the job"
                raise InputError([Fault(self.record.path, "no minimiser", allowed=allowed)])
        if self.style.shows("medium"):
            self.print_potential_parameters()
            self.say([f"Number of properties being fitted: {self._prepared().plan.n_fitted_properties}"])
        with on_all_ranks(self._comm), stop_requests() as stopped:
            fit = self._at(None)
            # A script prints to standard output, with the verbosity of `set_verbosity`.
            job = replace(fit.plan.job, verbosity=self.style.verbosity, log_file="")
            fit.local.plan = replace(fit.plan, job=job)
            x = self.model.variables.at(self._values)
            found = minimise(fit, stopped, str(output), overwrite, resume, x, True, break_lock)
        self._result, self._values = found, self.model.variables.free(found.run.state.x)
        self.say([f"Fitting process complete: {found.outcome}"] if self.style.shows("minimum") else [])
        return found.outcome

    @property
    def result(self) -> Result:
        """The result of the last `perform_fitting`: parameters, covariance, history, predictions.

        Raises
        ------
        InputError
            If there was no fit.
        """
        if self._result is None:
            raise InputError([Fault("Job", "no fit yet", allowed="perform_fitting() first")])
        return self._result

    def _outcomes(self, fit: Fit) -> tuple[tuple[StructureOutcome, ...], BlockResults]:
        x = self.model.variables.at(self._values)
        return self._with_notes(fit, lambda: fit.structures(x))

    def _log(self) -> TextIO:
        return sys.stdout if self.style.shows("medium") else io.StringIO()

    def print_properties(self) -> None:
        """Compute and print the properties of all structures with their targets; collective."""
        with on_all_ranks(self._comm):
            outcomes, answers = self._outcomes(self._at(None))
        for result in [result for results, _ in answers for result in results]:
            self._structures[result.id].update(result)
        self.say([*structure_lines(outcomes, self.style), *failure_lines(outcomes)])

    def output_results(self, overwrite: bool = False) -> None:
        """Write the structure and potential files that the job lists; collective.

        Parameters
        ----------
        overwrite
            Whether to replace files that hpcfit has not written.

        Raises
        ------
        HpcfitError
            If a file cannot be written, or is not hpcfit's.
        """
        with on_all_ranks(self._comm):
            fit = self._at(None)
            x, header = self.model.variables.at(self._values), fit.header()
            outcomes, _ = self._outcomes(fit)
            state = fit.on_root(lambda: start(x, fit.objective))
            if self._comm.rank == ROOT:
                run = StoredRun(header, state, self.model.variables.parameters(x), {}, None)
                write_structures(self.record, outcomes, self._log(), overwrite)
                write_exports(self.record, run, self._log(), overwrite)


Job = ScriptJob  #: public name
