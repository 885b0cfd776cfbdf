"""The objective of a job in a script, as a function of its free parameters."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from hpcfit.api.ranks import communicator, on_all_ranks
from hpcfit.errors import Fault, HpcfitError, InputError
from hpcfit.fit import Fit, prepare
from hpcfit.objective.model import Model
from hpcfit.parallel.communicator import ROOT
from hpcfit.records import VERBOSITIES, FloatArray, Job, Structure
from hpcfit.report.structures import parameter_lines
from hpcfit.runfile.header import Style

_Value = TypeVar("_Value")


class JobObjective:
    """A job, the current values of its parameters, and its objective.

    Parameters
    ----------
    comm
        An mpi4py communicator; by default the world.
    """

    def __init__(self, comm: Any = None) -> None:
        self._comm = communicator(comm)
        self._verbosity = ""  # empty for the job's own
        self._record: Job | None = None
        self._model: Model | None = None
        self._values: FloatArray = np.zeros(0)
        self._fit: Fit | None = None
        self._warned: set[str] = set()

    @property
    def record(self) -> Job:
        """The current job.

        Raises
        ------
        InputError
            If no file was read yet.
        """
        if self._record is None:
            raise InputError([Fault("Job", "no job was read", allowed="parse_input_file() first")])
        return self._record

    @property
    def model(self) -> Model:
        """The potentials of the job."""
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

    def warn(self, texts: Iterable[str]) -> None:
        """Print warnings that were not printed before, on the root."""
        new = [text for text in dict.fromkeys(texts) if text not in self._warned]
        self._warned.update(new)
        self.say([f"warning: {text}" for text in new] if self.style.shows("minimum") else [])

    def _with_notes(self, fit: Fit, evaluate: Callable[[], _Value]) -> _Value:
        """Evaluate on the root while the other ranks serve, and print warnings about own structures."""

        def evaluated() -> tuple[_Value, list[str]]:
            value = evaluate()
            return value, fit.problem.take_notes() if fit.plan.structure_blocks else []

        value, notes = fit.on_root(evaluated)
        self.warn(notes)
        return value

    def set_verbosity(self, level: int | str) -> None:
        """Set how much is printed: ``none``, ``minimum``, ``medium``, ``maximum``, ``debug``, or 0 to 4.

        Raises
        ------
        InputError
            If `level` is none of these.
        """
        names = dict(enumerate(VERBOSITIES))
        name = names.get(level, "") if isinstance(level, int) else level.strip().lower()
        if name not in VERBOSITIES:
            allowed = f"{', '.join(VERBOSITIES)}, or 0 to {len(VERBOSITIES) - 1}"
            raise InputError([Fault("set_verbosity", "unknown verbosity", str(level), allowed)])
        self._verbosity = name

    def _prepared(self) -> Fit:
        if self._fit is None:
            self._fit = Fit(prepare(lambda: self.record, self._comm), self._comm)
        return self._fit

    def weights_of(self, structure: Structure) -> tuple[float, ...]:
        """Return W of every property that a structure lists; 1 for fitted ones before the weights are computed."""
        if self._fit is None:
            return tuple(float(prop.fit) for prop in structure.properties)
        plan = self._fit.plan
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
            If their number is wrong, or one is not finite or outside the range of its transform.
        """
        values = np.asarray(parameters, dtype=np.float64).ravel().copy()
        if len(values) != len(self.record.free) or not np.isfinite(values).all():
            allowed = f"{len(self.record.free)} finite numbers"
            raise InputError([Fault("set_potential_parameters", "bad parameters", str(values), allowed)])
        with np.errstate(all="ignore"):
            reached = np.isfinite(self.model.variables.at(values))
        if not reached.all():
            bad = self.record.free[int(np.argmin(reached))]
            allowed = f"inside {bad.minimum} .. {bad.maximum}, the range of its transform"
            what = f"bad value of {bad.path}"
            raise InputError([Fault("set_potential_parameters", what, str(values), allowed)])
        self._values = values

    def print_potential_parameters(self) -> None:
        """Print the free and the dependent parameters on the root."""
        variables = self.model.variables
        values = variables.parameters(variables.at(self._values))
        self.say(parameter_lines(self.record.parameters, values, self.style))

    def calculate_residual(self, parameters: Any = None) -> float:
        """Return the objective, priors included; collective.

        Parameters
        ----------
        parameters
            [n_free]; become the current parameters, as in atomicrex.

        Raises
        ------
        InputError
            If the parameters or the job have faults.
        """
        with on_all_ranks(self._comm):
            fit = self._at(parameters)
            x = self.model.variables.at(self._values)
            return self._with_notes(fit, lambda: fit.plan.loss_factor * fit.objective.cost(x))

    def calculate_gradient(self, parameters: Any = None, eps: float | None = None) -> FloatArray:
        """Return the derivatives [n_free] of the objective, exact through relaxations too; collective.

        Parameters
        ----------
        parameters
            As in `calculate_residual`.
        eps
            Step of atomicrex's differences; has no effect, as a warning says.

        Raises
        ------
        HpcfitError
            If one is not finite.
        """
        if eps is not None and self._comm.rank == ROOT:
            warnings.warn("eps has no effect, the gradient is exact", stacklevel=2)
        with on_all_ranks(self._comm):
            return self._gradient(self._at(parameters), self._values)

    def calculate_hessian(self, parameters: Any = None, eps: float = 1e-4) -> FloatArray:
        """Return the second derivatives [n_free, n_free] of the objective; collective.

        They are symmetrised central differences of exact gradients, with the curvature of the residuals included.

        Parameters
        ----------
        parameters
            As in `calculate_residual`.
        eps
            Step relative to the parameter; absolute if the parameter is 0.

        Raises
        ------
        HpcfitError
            If a gradient is not finite, or `eps` is not a positive number.
        """
        with on_all_ranks(self._comm):
            if not 0 < eps < math.inf:
                raise InputError([Fault("calculate_hessian", "eps", repr(eps), "a finite number above 0")])
            fit, values, rows = self._at(parameters), self._values, []
            for k, value in enumerate(values):
                step = np.zeros(len(values))
                step[k] = eps * (abs(value) or 1.0)
                above, below = values + step, values - step
                difference = self._gradient(fit, above) - self._gradient(fit, below)
                rows.append(difference / (above[k] - below[k]))
            hessian = np.array(rows).reshape(len(values), len(values))
            return np.asarray(0.5 * (hessian + hessian.T))

    def _gradient(self, fit: Fit, values: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            x = self.model.variables.at(values)
            slopes = self.model.variables.slopes(x)
        by_variable = self._with_notes(fit, lambda: fit.objective.gradient(x)[1])
        gradient = 2.0 * fit.plan.loss_factor * by_variable / slopes
        if not np.isfinite(gradient).all():
            raise HpcfitError(f"gradient is not finite at {values.tolist()}")
        return np.asarray(gradient)

    def _at(self, parameters: Any) -> Fit:
        # Check arguments before any message: a rank that refuses its own must not leave the others waiting.
        with on_all_ranks(self._comm):
            if parameters is not None:
                self.set_potential_parameters(parameters)
        self._values = self._comm.broadcast(self._values)
        return self._prepared()
