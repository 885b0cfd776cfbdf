"""A job that a script builds, evaluates and fits, with the names that atomicrex's users know."""

from __future__ import annotations

import io
import math
import sys
import warnings
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TextIO

import numpy as np

from hpcfit.api.edit import library_structure, user_structure, with_changed, with_structure
from hpcfit.api.evaluation import Evaluation
from hpcfit.api.ranks import collective, communicator
from hpcfit.api.structure import Structure
from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.model import Model
from hpcfit.output.header import Style
from hpcfit.output.structure_report import parameter_lines, structure_lines, trouble_lines
from hpcfit.parallel.communicator import ROOT
from hpcfit.records import VERBOSITIES, FloatArray, ReadOptions
from hpcfit.records import Job as JobRecord
from hpcfit.records import Structure as StructureRecord
from hpcfit.structure.reading import from_ase


class Job:
    """A job in a script, on one core or on all ranks that run the script.

    Under MPI every rank makes the same calls. Those that are called collective work on shared blocks of the job, the
    root's arguments count, and all ranks get the same answer, whatever their number. The root prints, on standard
    output also where the job has an ``<output-file>``. Parameters are the free ones, in the order in which they are
    printed. Linear algebra of the process is held to one thread.

    Parameters
    ----------
    comm
        Ranks, as of mpi4py; by default all there are.
    """

    def __init__(self, comm: Any = None) -> None:
        self._comm = communicator(comm)
        self._verbosity = ""  # empty for what the job says
        self._record: JobRecord | None = None
        self._model: Model | None = None
        self._values: FloatArray = np.zeros(0)
        self._structures: dict[str, Structure] = {}
        self._evaluation: Evaluation | None = None

    @property
    def record(self) -> JobRecord:
        """The job as it stands.

        Raises
        ------
        InputError
            When no file has been parsed yet.
        """
        if self._record is None:
            raise InputError([Fault("Job", "no job yet", allowed="parse_input_file() first")])
        return self._record

    @property
    def model(self) -> Model:
        """Its potentials."""
        if self._model is None:
            self._model = Model(self.record)
        return self._model

    @property
    def style(self) -> Style:
        """How much is printed, and with how many digits."""
        return Style(self._verbosity or self.record.verbosity, self.record.precision or 0)

    def say(self, lines: Iterable[str]) -> None:
        """Print lines on the root."""
        if self._comm.rank == ROOT:
            sys.stdout.writelines(f"{line}\n" for line in lines)
            sys.stdout.flush()

    def parse_input_file(self, path: str, allow_outside: bool = False) -> None:
        """Read a job file, which need not have structures yet; collective.

        Parameters
        ----------
        path
            The file.
        allow_outside
            Whether it may include files from outside its folder.

        Raises
        ------
        InputError
            With all faults of the file, or when the job has one already.
        """
        record = None
        with collective(self._comm):
            if self._record is not None:
                raise InputError([Fault(str(path), "job has been read already", allowed="another Job")])
            if self._comm.rank == ROOT:
                record = read_job(path, catalogue(), ReadOptions(allow_outside, unfinished=True))
        record = self._comm.broadcast(record)
        self._record = record
        self._values = np.array([parameter.start for parameter in self.record.free])
        self._structures = {own.id: self._view(own.id) for own in self.record.own_structures}

    def _view(self, name: str) -> Structure:
        return Structure(name, self, self._change)

    def _change(self, structure: StructureRecord) -> None:
        self._record = with_changed(self.record, structure)
        self._evaluation = None

    def set_verbosity(self, level: int | str) -> None:
        """Set how much is printed: ``none``, ``minimum``, ``medium``, ``maximum``, ``debug``, or 0 to 4.

        Raises
        ------
        InputError
            When it is none of these.
        """
        names = dict(enumerate(VERBOSITIES))
        name = names.get(level, "") if isinstance(level, int) else level.strip().lower()
        if name not in VERBOSITIES:
            allowed = f"{', '.join(VERBOSITIES)}, or 0 to {len(VERBOSITIES) - 1}"
            raise InputError([Fault("set_verbosity", "unknown verbosity", str(level), allowed)])
        self._verbosity = name

    @property
    def structures(self) -> Mapping[str, Structure]:
        """The structures by id, in the order of the job; those of datasets are not among them."""
        return MappingProxyType(self._structures)

    def add_library_structure(
        self,
        id: str,  # noqa: A002  # the name that scripts use
        name: str,
        params: Mapping[str, float | str],
    ) -> Structure:
        """Add a structure of the library.

        Parameters
        ----------
        id
            Its name in the job.
        name
            Of the lattice, as in a job file without ``-lattice``: ``fcc``, ``L1_0``, ``body-centered cubic``.
        params
            ``alat`` (or ``lattice-parameter``), ``ca_ratio`` or ``clat``, ``distance``, ``u`` and the like; ``type``,
            or ``type_A`` and ``type_B``, may be left out where the job has one species.

        Raises
        ------
        InputError
            When the lattice is unknown, the id is taken, or a value is missing or faulty.
        """
        return self._add(library_structure(self.record, id, name, params))

    def add_ase_structure(self, id: str, atoms: Any) -> Structure:  # noqa: A002  # as above
        """Add the atoms of an `ase.Atoms`; its calculator, if it has one, is of no account.

        Raises
        ------
        InputError
            When a species is none of the job's, or the id is taken.
        """
        bare = from_ase(atoms, self.record.species, f"structure '{id}'")
        return self._add(user_structure(id, bare))

    def _add(self, structure: StructureRecord) -> Structure:
        self._record = with_structure(self.record, structure)
        self._evaluation = None
        self._structures[structure.id] = self._view(structure.id)
        return self._structures[structure.id]

    def prepare_fitting(self) -> None:
        """Weigh and distribute everything, which other calls do by themselves where needed; collective.

        Raises
        ------
        InputError
            When there is nothing to fit, or a dataset is missing or has faults.
        """
        with collective(self._comm):
            evaluation = self._prepared()
            if not (self.record.free and evaluation.plan.n_residuals):
                allowed = "a free parameter, and a fitted property"
                raise InputError([Fault(self.record.path, "nothing to fit", allowed=allowed)])

    def _prepared(self) -> Evaluation:
        if self._evaluation is None:
            self._evaluation = Evaluation(self.record, self._comm)
        return self._evaluation

    def weights_of(self, structure: StructureRecord) -> tuple[float, ...]:
        """Return W of every property that a structure lists; 1 for what is fitted before anything is prepared."""
        if self._evaluation is None:
            return tuple(float(prop.fit) for prop in structure.properties)
        plan = self._evaluation.plan
        places = [own.id for own in plan.job.own_structures]
        return plan.weights.structures[places.index(structure.id)]

    def get_potential_parameters(self) -> FloatArray:
        """Return the current values [n_free] of the free parameters."""
        return self._values.copy()

    def set_potential_parameters(self, parameters: Any) -> None:
        """Set the values [n_free] of the free parameters.

        Raises
        ------
        InputError
            When their number is another, one is not finite, or where its transform cannot reach.
        """
        values = np.asarray(parameters, dtype=np.float64).ravel().copy()
        if len(values) != len(self.record.free) or not np.isfinite(values).all():
            allowed = f"{len(self.record.free)} finite numbers"
            raise InputError([Fault("set_potential_parameters", "bad parameters", str(values), allowed)])
        with np.errstate(all="ignore"):
            reached = np.isfinite(self.model.variables.at(values))
        if not reached.all():
            bad = self.record.free[int(np.argmin(reached))]
            allowed = f"inside {bad.minimum} .. {bad.maximum}, as its transform wants"
            what = f"bad value of {bad.path}"
            raise InputError([Fault("set_potential_parameters", what, str(values), allowed)])
        self._values = values

    def print_potential_parameters(self) -> None:
        """Print the free parameters and those that follow from them, on the root."""
        variables = self.model.variables
        values = variables.parameters(variables.at(self._values))
        self.say(parameter_lines(self.record.parameters, values, self.style))

    def calculate_residual(self, parameters: Any = None) -> float:
        """Return the objective; collective.

        Parameters
        ----------
        parameters
            [n_free]; those given become the current ones, as in atomicrex.

        Raises
        ------
        InputError
            When the parameters or the job have faults.
        """
        with collective(self._comm):
            return self._at(parameters).residual(self._values)

    def calculate_gradient(self, parameters: Any = None, eps: float | None = None) -> FloatArray:
        """Return the derivatives [n_free] of the objective, exact through relaxations too; collective.

        Parameters
        ----------
        parameters
            As in `calculate_residual`.
        eps
            The step of atomicrex's differences, which scripts give; there are none here, as a warning says.

        Raises
        ------
        HpcfitError
            Where they are not finite.
        """
        if eps is not None and self._comm.rank == ROOT:
            warnings.warn("eps has no effect, the gradient is exact", stacklevel=2)
        with collective(self._comm):
            return self._at(parameters).gradient(self._values)

    def calculate_hessian(self, parameters: Any = None, eps: float = 1e-4) -> FloatArray:
        """Return the second derivatives [n_free, n_free] of the objective; collective.

        They are central differences of exact gradients, made symmetric, so residuals count with their curvature.

        Parameters
        ----------
        parameters
            As in `calculate_residual`.
        eps
            Step in a parameter, relative to its size; as it is where the parameter is 0.

        Raises
        ------
        HpcfitError
            Where a gradient is not finite, or `eps` is no step.
        """
        with collective(self._comm):
            if not 0 < eps < math.inf:
                raise InputError([Fault("calculate_hessian", "eps", repr(eps), "a finite number above 0")])
            return self._at(parameters).hessian(self._values, eps)

    def _at(self, parameters: Any) -> Evaluation:
        # Arguments are judged before anything is sent: a rank that refuses its own must not leave the others waiting.
        with collective(self._comm):
            if parameters is not None:
                self.set_potential_parameters(parameters)
        self._values = self._comm.broadcast(self._values)
        return self._prepared()

    def perform_fitting(self) -> str:
        """Fit with the job's own minimiser from the current parameters, and return the outcome; collective.

        Raises
        ------
        InputError
            When nothing says how, or there is nothing to fit.
        """
        self.prepare_fitting()
        if self.style.shows("medium"):
            self.print_potential_parameters()
            self.say([f"Number of properties being fitted: {self._prepared().plan.n_fitted_properties}"])
        with collective(self._comm):
            state, values = self._at(None).fit(self._values, self._log())
        self._values = values
        self.say([f"Fitting process complete: {state.outcome}"] if self.style.shows("minimum") else [])
        return state.outcome

    def _log(self) -> TextIO:
        return sys.stdout if self.style.shows("medium") else io.StringIO()

    def print_properties(self) -> None:
        """Compute the properties of all structures, and print them beside their targets; collective."""
        with collective(self._comm):
            outcomes, results = self._at(None).outcomes(self._values)
        for result in results:
            self._structures[result.id].update(result)
        self.say([*structure_lines(outcomes, self.style), *trouble_lines(outcomes)])

    def output_results(self) -> None:
        """Write the files that the job asks for, of structures and of potentials; collective.

        Raises
        ------
        HpcfitError
            When a file cannot be written.
        """
        with collective(self._comm):
            self._at(None).write(self._values, self._log())
