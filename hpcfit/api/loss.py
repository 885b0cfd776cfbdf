"""The loss: one half of the sum of squares of residuals over all configurations, and its minimum."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from hpcfit.api import document
from hpcfit.api.calculator import Calculator
from hpcfit.api.ranks import collective, communicator
from hpcfit.api.residuals import BUILT_IN
from hpcfit.api.result import Result
from hpcfit.errors import Fault, InputError
from hpcfit.job.reader import read_job
from hpcfit.objective.local import Brought, LocalObjective
from hpcfit.objective.plan import Plan
from hpcfit.objective.residuals import Residual
from hpcfit.output.compare import differences
from hpcfit.output.result import StoredRun
from hpcfit.output.store import MemoryStore, RunStore, load
from hpcfit.parallel.communicator import ROOT
from hpcfit.parallel.service import Asked, answer, ask
from hpcfit.parallel.signals import stop_requests
from hpcfit.potential.functions import function_catalogue
from hpcfit.potential.library import potential_forms
from hpcfit.records import SCRIPT_JOB, VERBOSITIES, FloatArray, Job
from hpcfit.run import Run, prepare

_Answer = TypeVar("_Answer")

_USED = ("use_energy", "use_forces", "use_stress")


class Loss:
    """One half of the sum of squares of residuals, as a function of the free parameters.

    Under MPI every rank runs the script: methods are collective, and return the same on every rank. Potentials and
    weights are taken as they are when the loss is made. Linear algebra of the process is held to one thread from then
    on, since sums must not depend on the number of threads.

    Parameters
    ----------
    calculator
        Predictions and targets.
    residual_fn
        ``function(identifier, natoms, weight, prediction, reference, data)``: one of those in `hpcfit.api.residuals`,
        whose rows the kernels make, or one that returns as many numbers as there are predictions. By default the
        built-in one for what the calculator uses.
    residual_data
        The function's last argument; by default ``{"normalize_by_natoms": True}``.
    residual_derivative_fn
        Takes the same and returns the derivatives of the residuals by the predictions, [n] or [n, n]. Without it they
        are found out by calling the function, exactly where it is linear, else to some ten digits.
    comm
        Ranks, as of mpi4py; by default those of the calculator.

    Raises
    ------
    InputError
        With all faults of the potentials, the data and what is said here.
    """

    def __init__(
        self,
        calculator: Calculator,
        residual_fn: Callable[..., Any] | None = None,
        residual_data: Mapping[str, Any] | None = None,
        residual_derivative_fn: Callable[..., Any] | None = None,
        comm: Any = None,
    ) -> None:
        self._calculator = calculator
        self._comm = communicator(calculator.comm if comm is None else comm)
        self._derivative = residual_derivative_fn
        self._data = {"normalize_by_natoms": True} | dict(residual_data or {})
        self._dataset, self._potentials = calculator.data.as_it_is(), deepcopy(calculator.potentials)
        with collective(self._comm):
            self._function = _residual(calculator, residual_fn, residual_derivative_fn)
            _check_data(self._function, self._data)
            self._text = self._job_text("geodesic-lm", {}, "")
        with collective(self._comm):
            plan = prepare(self._read, self._comm, lambda _: [self._dataset.weighted_index()])
        self._local = LocalObjective(plan, Brought(lambda _: self._dataset.open(), self._brought()))
        self._theta = self.start
        calculator.attach(self)

    def _brought(self) -> dict[int, Residual]:
        if self._function in BUILT_IN:
            return {}
        weight = None if self._dataset.weights is None else self._dataset.weight_of
        return {0: Residual(self._function, self._derivative, self._data, weight)}

    @property
    def start(self) -> FloatArray:
        """[n_free], the solver's variables at the start."""
        return self._local.model.start.copy()

    @property
    def parameter_names(self) -> list[str]:
        """Paths of the free parameters, in the order of the solver's variables."""
        return [parameter.path for parameter in self._local.plan.job.free]

    def residual(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the residuals [n_residuals] of all configurations in order; collective.

        Parameters
        ----------
        theta
            [n_free], the solver's variables: free parameters, or their logarithms or logits where these are fitted;
            None for where the loss stands: where its last minimisation ended, or `Calculator.update_opt_params` has
            brought it, or else the start.
        """
        x = self._at(theta)
        return np.asarray(self._ask(lambda problem: problem.rows(x))[0])

    def jacobian(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the derivatives [n_residuals, n_free] of the residuals; collective."""
        x = self._at(theta)
        return np.asarray(self._ask(lambda problem: problem.rows(x, with_derivatives=True))[1:].T)

    def loss(self, theta: FloatArray | None = None) -> float:
        """Return one half of the sum of squares, with the same bits on any number of ranks; collective."""
        x = self._at(theta)
        return 0.5 * self._ask(lambda problem: problem.cost(x))

    def gradient(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the gradient [n_free] of the loss, with the same bits on any number of ranks; collective."""
        x = self._at(theta)
        return self._ask(lambda problem: problem.gradient(x)[1])

    def parameters(self, theta: FloatArray | None = None) -> dict[str, float]:
        """Return all parameters by path: those fixed, those free, those that follow from others."""
        values = self._local.model.variables.parameters(self._at(theta))
        paths = [parameter.path for parameter in self._local.plan.job.parameters]
        return dict(zip(paths, values.tolist(), strict=True))

    def predict(self, theta: FloatArray | None = None) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return energies [n], forces [n_atoms, 3] and stresses [n, 6] of all configurations; collective."""
        x = self._at(theta)
        blocks = self._ask(lambda problem: problem.predict(x))
        energy, force, stress = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return energy, force, stress

    def to_xml(self) -> str:
        """Return the job that says the same, of the method that was last chosen.

        A job finds datasets in HDF5 alone, and in them the weights that `Dataset.save` has stored; a residual function
        in Python must stand in the file that it is from.
        """
        return self._text

    def minimize(
        self,
        method: str = "geodesic-lm",
        options: Mapping[str, Any] | None = None,
        *,
        local: str = "",
        output: str | Path = "",
        overwrite: bool = False,
        resume: bool = False,
        verbosity: str = "medium",
        **more: Any,
    ) -> Result:
        """Minimise the loss from the start values; collective.

        Parameters
        ----------
        method
            ``geodesic-lm``, or one of SciPy's ``minimize``, ``least_squares`` and global methods, or of NLopt.
        options, **more
            Of the method: its library's names, of ``geodesic-lm`` those of a job.
        local
            The method inside a global one.
        output
            A run file, which is a checkpoint after every iteration; without it the run is kept in memory.
        overwrite
            Whether an earlier run in it may be replaced.
        resume
            Whether to go on with an earlier run in it, with the bits that it would have had.
        verbosity
            ``none``, ``minimum``, ``medium``, ``maximum`` or ``debug``.

        Raises
        ------
        InputError
            On all ranks, with all that is wrong with the method and its options, the run file, or a residual function.
        """
        with collective(self._comm):
            if resume and (overwrite or not output):
                what = "resume besides overwrite" if overwrite else "resume without a run file"
                raise InputError([Fault("minimize", what, allowed="with output= alone")])
            twice = [key for key in more if key in (options or {})]
            if twice:
                raise InputError([Fault("minimize", "option twice", twice[0])])
            self._text = self._job_text(method, {**(options or {}), **more}, local)
        plan = self._with(verbosity)
        self._local.plan = plan
        with collective(self._comm), stop_requests() as stopped:
            outcome, run = self._work(stopped, str(output), overwrite, resume)
        self._calculator.attach(self)
        self._theta = run.state.x.copy()
        return Result(run, outcome, self._comm)

    def _with(self, verbosity: str) -> Plan:
        """Return the plan with the method chosen."""
        job = None
        with collective(self._comm):
            if verbosity not in VERBOSITIES:
                raise InputError([Fault("minimize", "verbosity", str(verbosity), ", ".join(VERBOSITIES))])
            if not self._local.plan.job.free:
                raise InputError([Fault("minimize", "no parameter is free", allowed="Potential.fit(...)")])
            if self._comm.rank == ROOT:
                job = replace(self._read(), verbosity=verbosity)
        return replace(self._local.plan, job=self._comm.broadcast(job))

    def _work(
        self, stopped: Callable[[], bool], output: str, overwrite: bool, resume: bool
    ) -> tuple[str, StoredRun]:
        """Return the outcome and all that is known of the run."""
        earlier = self._earlier(output) if resume else None
        stores: list[MemoryStore] = []
        if earlier is not None and earlier.result is not None:
            return self._comm.broadcast((earlier.result.outcome, earlier))  # type: ignore[no-any-return]

        def store(header: Any) -> MemoryStore:
            if earlier is not None and earlier.path:
                stores.append(RunStore.resume(earlier, header))
            elif output:
                stores.append(RunStore.create(output, header, overwrite=overwrite))
            else:
                stores.append(MemoryStore(header))
            return stores[-1]

        outcome = Run(self._local, self._comm, sys.stdout, stopped).work(store, earlier)
        run = stores[0].run if stores else None
        return self._comm.broadcast((outcome, run))  # type: ignore[no-any-return]

    def _earlier(self, output: str) -> StoredRun | None:
        """Return the run to go on with, None where there is none yet; on every rank."""
        stored = None
        with collective(self._comm):
            if self._comm.rank == ROOT and os.path.exists(output):
                stored = load(output)
                if faults := differences(stored.header, self._local.plan.job, self._local.plan.indices):
                    raise InputError(faults)
        return self._comm.broadcast(stored)  # type: ignore[no-any-return]

    def _ask(self, question: Callable[[Asked], _Answer]) -> _Answer:
        value: Any = None
        with collective(self._comm):
            if self._comm.rank != ROOT:
                answer(self._local, self._comm)
            else:
                with ask(self._local, self._comm) as problem:
                    value = question(problem)
        return self._comm.broadcast(value)  # type: ignore[no-any-return]

    def _at(self, theta: FloatArray | None) -> FloatArray:
        return self.theta if theta is None else self._checked(theta)

    @property
    def theta(self) -> FloatArray:
        """[n_free], the solver's variables where the loss stands."""
        return self._theta.copy()

    def move_to(self, theta: Any) -> None:
        """Let the loss stand at other values of the solver's variables [n_free], the root's on every rank.

        Raises
        ------
        InputError
            When there are not as many as free parameters.
        """
        self._theta = self._checked(theta)

    def _checked(self, theta: Any) -> FloatArray:
        try:
            x = np.array(theta, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError([Fault("theta", "no vector of numbers", repr(theta))]) from error
        n = len(self._local.model.start)
        if x.shape != (n,):
            names = ", ".join(self.parameter_names)
            raise InputError([Fault("theta", "wrong shape", str(list(x.shape)), f"[{n}]: {names}")])
        return np.asarray(self._comm.broadcast(x))

    def _job_text(self, method: str, options: Mapping[str, Any], local: str) -> str:
        c = self._calculator
        if self._function in BUILT_IN:
            function = document.built_in_element(BUILT_IN[self._function][0], self._data)
        else:
            function = document.function_element(self._function, self._data)
        weights = self._dataset.weights
        uniform = None if weights is None or isinstance(weights, list) else weights
        dataset = document.dataset_element(self._dataset.name, uniform, function, c.used)
        minimiser = document.minimiser_element(method, options, local)
        name = os.path.splitext(os.path.basename(sys.argv[0]))[0] or "python"
        return document.job_text(name, self._potentials, c.species, dataset, minimiser)

    def _read(self) -> Job:
        catalogues = potential_forms(), function_catalogue()
        return read_job(SCRIPT_JOB, *catalogues, unfinished=True, text=self._text, brought=True)


def _residual(
    calculator: Calculator, function: Callable[..., Any] | None, derivative: Callable[..., Any] | None
) -> Callable[..., Any]:
    """Return the residual function, by default the built-in one for what the calculator uses."""
    built_in = {used: known for known, (_, used) in BUILT_IN.items()}
    uses = ", ".join(name for name, used in zip(_USED, calculator.used, strict=True) if used)
    if function is None:
        if calculator.used not in built_in:
            raise InputError([Fault("Loss", "no built-in residual function", f"for {uses}", "residual_fn=")])
        function = built_in[calculator.used]
    given = {"residual_fn": function, "residual_derivative_fn": derivative}
    for name, one in given.items():
        if one is not None and not callable(one):
            raise InputError([Fault("Loss", f"{name} is no function", repr(one))])
    if function in BUILT_IN:
        wanted = BUILT_IN[function][1]
        if wanted != calculator.used:
            allowed = ", ".join(name for name, used in zip(_USED, wanted, strict=True) if used)
            name = getattr(function, "__name__", "")
            raise InputError([Fault("Calculator", f"does not use what {name} takes", uses, allowed)])
        if derivative is not None:
            raise InputError([Fault("Loss", "residual_derivative_fn besides a built-in residual_fn")])
    return function


def _check_data(function: Callable[..., Any], data: Mapping[str, Any]) -> None:
    unknown = [key for key in data if key != "normalize_by_natoms"]
    if function in BUILT_IN and unknown:
        what = "unknown key of residual_data for a built-in residual_fn"
        raise InputError([Fault("Loss", what, unknown[0], "normalize_by_natoms")])
    normalize = data["normalize_by_natoms"]
    if not isinstance(normalize, (bool, np.bool_)):
        raise InputError([Fault("residual_data", "normalize_by_natoms", repr(normalize), "True or False")])
