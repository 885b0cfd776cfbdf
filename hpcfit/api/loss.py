"""The loss, one half of the sum of squared residuals, and its minimisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpcfit.api.evaluator import Evaluator
from hpcfit.api.ranks import on_all_ranks
from hpcfit.api.result import Result, minimise, refuse_contradiction
from hpcfit.errors import Fault, InputError
from hpcfit.objective.plan import Plan
from hpcfit.parallel.communicator import ROOT
from hpcfit.parallel.signals import stop_requests
from hpcfit.records import VERBOSITIES, FloatArray


class Loss(Evaluator):
    """One half of the sum of squared residuals, priors included, as a function of the free parameters.

    Under MPI every rank runs the script; methods are collective and return the same on every rank. The loss copies
    potentials and weights when it is made, and limits the process's linear algebra to one thread, since sums must not
    depend on the number of threads.

    Parameters
    ----------
    calculator
        Predictions and targets.
    residual_fn
        ``function(identifier, natoms, weight, prediction, reference, data)``: one of `hpcfit.api.residuals`, which the
        kernels evaluate, or one that returns as many numbers as there are predictions. By default the built-in one for
        the properties that the calculator uses.
    residual_data
        The function's last argument; by default ``{"normalize_by_natoms": True}``.
    residual_derivative_fn
        Takes the same arguments and returns the derivatives of the residuals by the predictions, [n] or [n, n]. Without
        it they are differences of the function: exact if it is linear, else to about ten digits.
    comm
        An mpi4py communicator; by default that of the calculator.
    loss
        ``squares``, or a robust loss: ``soft-l1``, ``cauchy``. Priors always count with their squares.
    loss_scale
        Scale of the robust loss, in tolerances; by default 1.

    Raises
    ------
    InputError
        With all faults of the potentials, the data and the arguments.
    """

    def residual(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the residuals [n_rows] of all configurations in order, then those of the priors; collective.

        Parameters
        ----------
        theta
            [n_free], the solver variables: free parameters, or their logarithms or logits if these are fitted. None for
            the current ones: those of the start, of `Calculator.update_opt_params`, or of the last minimum.
        """
        x = self._at(theta)
        return np.asarray(self._evaluate(lambda fit: fit.rows(x))[0])

    def jacobian(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the derivatives [n_rows, n_free] of the residuals; collective."""
        x = self._at(theta)
        return np.asarray(self._evaluate(lambda fit: fit.rows(x, with_derivatives=True))[1:].T)

    def loss(self, theta: FloatArray | None = None) -> float:
        """Return the loss, with the same bits on any number of ranks; collective."""
        x = self._at(theta)
        return 0.5 * self._evaluate(lambda fit: fit.objective.cost(x))

    def gradient(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the gradient [n_free] of the loss, with the same bits on any number of ranks; collective."""
        x = self._at(theta)
        return self._evaluate(lambda fit: fit.objective.gradient(x)[1])

    def to_xml(self) -> str:
        """Return the equivalent job, with the method that was used last.

        A job needs datasets in HDF5, with the weights stored by `Dataset.save`, and a residual function in a Python
        file.
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
        break_lock: bool = False,
        **more: Any,
    ) -> Result:
        """Minimise the loss from the start values; collective.

        Parameters
        ----------
        method
            ``geodesic-lm``, or one of SciPy's ``minimize``, ``least_squares`` and global methods, or of NLopt.
        options, **more
            Options of the method by their library's names; for ``geodesic-lm`` by those of a job.
        local
            The local method inside a global one.
        output
            A run file, written after every iteration as a checkpoint; by default the run stays in memory.
        overwrite
            Whether to replace an earlier run in `output`.
        resume
            Whether to continue an earlier run in `output`, to the same bits.
        verbosity
            ``none``, ``minimum``, ``medium``, ``maximum`` or ``debug``.
        break_lock
            Whether to take the run file's lock from a process on another host, silent for 10 minutes.

        Raises
        ------
        InputError
            On all ranks, with all faults of the method, its options, the run file or a residual function.
        """
        with on_all_ranks(self._comm):
            refuse_contradiction("minimize", str(output), overwrite, resume)
            twice = [key for key in more if key in (options or {})]
            if twice:
                raise InputError([Fault("minimize", "option given twice", twice[0])])
            self._text = self._job_text(method, {**(options or {}), **more}, local)
        self._fit.local.plan = self._with(verbosity)
        with on_all_ranks(self._comm), stop_requests() as stopped:
            result = minimise(self._fit, stopped, str(output), overwrite, resume, break_lock=break_lock)
        self._calculator.attach(self)
        self._theta = result.x
        return result

    def _with(self, verbosity: str) -> Plan:
        job = None
        with on_all_ranks(self._comm):
            if verbosity not in VERBOSITIES:
                raise InputError([Fault("minimize", "verbosity", str(verbosity), ", ".join(VERBOSITIES))])
            if not self._fit.plan.job.free:
                raise InputError([Fault("minimize", "no parameter is free", allowed="Potential.fit(...)")])
            if self._comm.rank == ROOT:
                job = replace(self._read(), verbosity=verbosity)
        return replace(self._fit.plan, job=self._comm.broadcast(job))
