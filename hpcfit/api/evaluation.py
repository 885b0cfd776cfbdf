"""All that is computed of one job by all ranks together; every answer is the same on every rank."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import TextIO

import numpy as np

from hpcfit.errors import Fault, HpcfitError, InputError
from hpcfit.objective.local import LocalObjective
from hpcfit.output.export.at_end import write_exports
from hpcfit.output.gathered import structure_outcomes
from hpcfit.output.header import Counts, Loss, Machine, RunHeader, run_header
from hpcfit.output.outcomes import StructureOutcome
from hpcfit.output.progress import Progress, progress
from hpcfit.output.result import StoredRun
from hpcfit.output.structure_files import write_structures
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.service import Shared, answer, ask
from hpcfit.records import Fitting, FloatArray, Job, State, StructureResult
from hpcfit.run import prepare
from hpcfit.solver.geodesic import start
from hpcfit.solver.minimisers import iterate
from hpcfit.solver.step import Bounds


class Evaluation:
    """The objective of a job, as a function of its free parameters [n_free] themselves.

    Parameters
    ----------
    job
        The job, as the root has it.
    comm
        The ranks.
    """

    def __init__(self, job: Job, comm: Communicator) -> None:
        self._comm = comm
        self.plan = prepare(lambda: job, comm)
        self._local = LocalObjective(self.plan)
        self._problem = Shared(self._local, comm)
        self._fresh = self._problem.relaxed()
        plan = self.plan
        counts = Counts(plan.n_structures, plan.n_atoms, plan.n_residuals)
        loss = Loss(plan.loss_factor, "loss" if plan.job.absolute else "chi^2")
        machine = Machine((socket.gethostname(),) * comm.size, comm.library)
        self._header: RunHeader = run_header(plan.job, plan.indices, counts, machine, loss)

    def _variables(self, values: FloatArray) -> FloatArray:
        return self._local.model.variables.at(values)

    def residual(self, values: FloatArray) -> float:
        """Return the objective."""
        return self.plan.loss_factor * self._problem.cost(self._variables(values))

    def gradient(self, values: FloatArray) -> FloatArray:
        """Return the exact derivatives of the objective [n_free].

        Raises
        ------
        HpcfitError
            Where they are not finite.
        """
        with np.errstate(all="ignore"):
            x = self._variables(values)
            slopes = self._local.model.variables.slopes(x)
        gradient = 2.0 * self.plan.loss_factor * self._problem.gradient(x)[1] / slopes
        if not np.isfinite(gradient).all():
            raise HpcfitError(f"gradient is not finite at {values.tolist()}")
        return np.asarray(gradient)

    def hessian(self, values: FloatArray, eps: float) -> FloatArray:
        """Return second derivatives [n_free, n_free] by central differences of exact gradients.

        The step in a parameter p is `eps` times its size, or `eps` where it is 0.
        """
        rows = []
        for k, value in enumerate(values):
            step = np.zeros(len(values))
            step[k] = eps * (abs(value) or 1.0)
            above, below = values + step, values - step
            rows.append((self.gradient(above) - self.gradient(below)) / (above[k] - below[k]))
        hessian = np.array(rows).reshape(len(values), len(values))
        return np.asarray(0.5 * (hessian + hessian.T))

    def fit(self, values: FloatArray, log: TextIO) -> tuple[State, FloatArray]:
        """Fit from `values` on; return the last state, and the free parameters there.

        Raises
        ------
        InputError
            When the job has no fitting.
        """
        fitting, state = self.plan.job.fitting, None
        if fitting is None:
            allowed = "an enabled <fitting> in the job"
            raise InputError([Fault(self.plan.job.path, "nothing says how to fit", allowed=allowed)])
        if self._comm.rank == ROOT:
            with progress(self._header.loss, log) as display:
                state = self._iterate(self._variables(values), fitting, display)
        else:
            answer(self._local, self._comm)
        reached: State = self._comm.broadcast(state)
        return reached, self._local.model.variables.free(reached.x)

    def _iterate(self, x: FloatArray, fitting: Fitting, display: Progress) -> State:
        model = self._local.model
        with ask(self._local, self._comm) as problem:
            state, clock = start(x, problem), time.perf_counter()
            display.line(state, 0.0)
            for reached in iterate(problem, state, Bounds(model.lower, model.upper), fitting.solver):
                news = bool(reached.outcome) or reached.iteration > state.iteration
                state = reached
                if news:
                    seconds, clock = time.perf_counter() - clock, time.perf_counter()
                    display.line(state, seconds)
        return state

    def outcomes(self, values: FloatArray) -> tuple[Sequence[StructureOutcome], Sequence[StructureResult]]:
        """Return what has come of own structures and derived properties since the job's start values.

        Second stands what the structures are now.
        """
        end = self._problem.results(self._variables(values))
        relaxed = self._problem.relaxed()
        self._problem.restore(self._fresh)
        begin = self._problem.results(self._local.model.start)
        self._problem.restore(relaxed)
        now = [result for results, _ in end for result in results]
        return structure_outcomes(self.plan, begin, end), now

    def write(self, values: FloatArray, log: TextIO) -> None:
        """Write the files that the job asks for, of structures and of potentials."""
        outcomes, _ = self.outcomes(values)
        state = start(self._variables(values), self._problem)
        if self._comm.rank == ROOT:
            parameters = self._local.model.variables.parameters(state.x)
            write_structures(self.plan.job, outcomes, log)
            write_exports(self.plan.job, StoredRun(self._header, state, parameters, {}, None), log)
