"""The loss: one half of the sum of squares of residuals over all configurations, and its minimum."""

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
    """One half of the sum of squares of residuals, those of priors too, as a function of the free parameters.

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
    loss
        ``squares``, or a robust loss of a job: ``soft-l1``, ``cauchy``. Priors count with their squares.
    loss_scale
        From how many tolerances on a robust loss is felt; by default 1.

    Raises
    ------
    InputError
        With all faults of the potentials, the data and what is said here.
    """

    def residual(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the residuals [n_rows] of all configurations in order, then those of priors; collective.

        Parameters
        ----------
        theta
            [n_free], the solver's variables: free parameters, or their logarithms or logits where these are fitted;
            None for where the loss stands: where its last minimisation ended, or `Calculator.update_opt_params` has
            brought it, or else the start.
        """
        x = self._at(theta)
        return np.asarray(self._evaluate(lambda fit: fit.rows(x))[0])

    def jacobian(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the derivatives [n_rows, n_free] of the residuals; collective."""
        x = self._at(theta)
        return np.asarray(self._evaluate(lambda fit: fit.rows(x, with_derivatives=True))[1:].T)

    def loss(self, theta: FloatArray | None = None) -> float:
        """Return one half of the sum of squares, priors included; the same bits on any number of ranks; collective."""
        x = self._at(theta)
        return 0.5 * self._evaluate(lambda fit: fit.objective.cost(x))

    def gradient(self, theta: FloatArray | None = None) -> FloatArray:
        """Return the gradient [n_free] of the loss, with the same bits on any number of ranks; collective."""
        x = self._at(theta)
        return self._evaluate(lambda fit: fit.objective.gradient(x)[1])

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
        with on_all_ranks(self._comm):
            refuse_contradiction("minimize", str(output), overwrite, resume)
            twice = [key for key in more if key in (options or {})]
            if twice:
                raise InputError([Fault("minimize", "option twice", twice[0])])
            self._text = self._job_text(method, {**(options or {}), **more}, local)
        self._fit.local.plan = self._with(verbosity)
        with on_all_ranks(self._comm), stop_requests() as stopped:
            result = minimise(self._fit, stopped, str(output), overwrite, resume)
        self._calculator.attach(self)
        self._theta = result.x
        return result

    def _with(self, verbosity: str) -> Plan:
        """Return the plan with the method chosen."""
        job = None
        with on_all_ranks(self._comm):
            if verbosity not in VERBOSITIES:
                raise InputError([Fault("minimize", "verbosity", str(verbosity), ", ".join(VERBOSITIES))])
            if not self._fit.plan.job.free:
                raise InputError([Fault("minimize", "no parameter is free", allowed="Potential.fit(...)")])
            if self._comm.rank == ROOT:
                job = replace(self._read(), verbosity=verbosity)
        return replace(self._fit.plan, job=self._comm.broadcast(job))
