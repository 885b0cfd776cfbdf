"""Predictions and parameters of potentials on all ranks, at given solver variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Protocol, TypeVar

import numpy as np

from hpcfit.api import document
from hpcfit.api.dataset import Dataset
from hpcfit.api.potential import Potential
from hpcfit.api.ranks import communicator, on_all_ranks
from hpcfit.api.residuals import BUILT_IN
from hpcfit.errors import Fault, InputError
from hpcfit.fit import Fit, prepare
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.local import InMemoryData
from hpcfit.objective.residuals import Residual
from hpcfit.records import SCRIPT_JOB, FloatArray, Job, ReadOptions

_Value = TypeVar("_Value")

_USED = ("use_energy", "use_forces", "use_stress")


class Predicted(Protocol):
    """The properties that a `Calculator` predicts."""

    potentials: list[Potential]
    data: Dataset
    used: tuple[bool, bool, bool]
    species: tuple[str, ...]
    comm: Any

    def attach(self, loss: Evaluator) -> None:
        """Predict from now on with `loss`."""


class Evaluator:
    """A snapshot of potentials and configurations, and the current solver variables.

    Parameters
    ----------
    calculator
        Predictions and targets.
    residual_fn, residual_data, residual_derivative_fn, comm, loss, loss_scale
        As in `hpcfit.api.loss.Loss`.
    """

    def __init__(
        self,
        calculator: Predicted,
        residual_fn: Callable[..., Any] | None = None,
        residual_data: Mapping[str, Any] | None = None,
        residual_derivative_fn: Callable[..., Any] | None = None,
        comm: Any = None,
        loss: str = "squares",
        loss_scale: float | None = None,
    ) -> None:
        self._calculator = calculator
        self._comm = communicator(calculator.comm if comm is None else comm)
        self._derivative = residual_derivative_fn
        self._loss = {"loss": loss} | ({} if loss_scale is None else {"loss-scale": repr(loss_scale)})
        self._data = {"normalize_by_natoms": True} | dict(residual_data or {})
        self._dataset, self._potentials = calculator.data.snapshot(), deepcopy(calculator.potentials)
        with on_all_ranks(self._comm):
            self._function = _residual(calculator, residual_fn, residual_derivative_fn)
            _check_data(self._function, self._data)
            self._text = self._job_text("geodesic-lm", {}, "")
        with on_all_ranks(self._comm):
            plan = prepare(self._read, self._comm, lambda _: [self._dataset.weighted_index()])
        self._fit = Fit(plan, self._comm, InMemoryData(lambda _: self._dataset.open(), self._functions()))
        self._theta = self.start
        calculator.attach(self)

    def _functions(self) -> dict[int, Residual]:
        if self._function in BUILT_IN:
            return {}
        weight = None if self._dataset.weights is None else self._dataset.weight_of
        return {0: Residual(self._function, self._derivative, self._data, weight)}

    @property
    def start(self) -> FloatArray:
        """[n_free], the start values of the solver variables."""
        return self._fit.local.model.start.copy()

    @property
    def parameter_names(self) -> list[str]:
        """Paths of the free parameters, in the order of the solver variables."""
        return [parameter.path for parameter in self._fit.plan.job.free]

    def parameters(self, theta: FloatArray | None = None) -> dict[str, float]:
        """Return all parameters by path: fixed, free and dependent."""
        values = self._fit.local.model.variables.parameters(self._at(theta))
        paths = [parameter.path for parameter in self._fit.plan.job.parameters]
        return dict(zip(paths, values.tolist(), strict=True))

    def predict(self, theta: FloatArray | None = None) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return energies [n], forces [n_atoms, 3] and stresses [n, 6] of all configurations; collective."""
        x = self._at(theta)
        blocks = self._evaluate(lambda fit: fit.problem.predict(x))
        energy, force, stress = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return energy, force, stress

    def _evaluate(self, evaluate: Callable[[Fit], _Value]) -> _Value:
        with on_all_ranks(self._comm):
            return self._fit.on_root(lambda: evaluate(self._fit))

    def _at(self, theta: FloatArray | None) -> FloatArray:
        return self.theta if theta is None else self._checked(theta)

    @property
    def theta(self) -> FloatArray:
        """[n_free], the current solver variables."""
        return self._theta.copy()

    def move_to(self, theta: Any) -> None:
        """Set the solver variables [n_free]; the values of the root count.

        Raises
        ------
        InputError
            If the number of values is not that of the free parameters.
        """
        self._theta = self._checked(theta)

    def _checked(self, theta: Any) -> FloatArray:
        try:
            x = np.array(theta, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError([Fault("theta", "must be a vector of numbers", repr(theta))]) from error
        n = len(self._fit.local.model.start)
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
        return document.job_text(name, self._potentials, c.species, dataset, minimiser, self._loss)

    def _read(self) -> Job:
        return read_job(SCRIPT_JOB, catalogue(), ReadOptions(unfinished=True, in_memory=True), self._text)


def _residual(
    calculator: Predicted, function: Callable[..., Any] | None, derivative: Callable[..., Any] | None
) -> Callable[..., Any]:
    """Return the residual function; by default the built-in one for the properties that the calculator uses."""
    built_in = {used: known for known, (_, used) in BUILT_IN.items()}
    uses = ", ".join(name for name, used in zip(_USED, calculator.used, strict=True) if used)
    if function is None:
        if calculator.used not in built_in:
            raise InputError([Fault("Loss", "no built-in residual function", f"for {uses}", "residual_fn=")])
        function = built_in[calculator.used]
    given = {"residual_fn": function, "residual_derivative_fn": derivative}
    for name, one in given.items():
        if one is not None and not callable(one):
            raise InputError([Fault("Loss", f"{name} must be a function", repr(one))])
    if function in BUILT_IN:
        wanted = BUILT_IN[function][1]
        if wanted != calculator.used:
            allowed = ", ".join(name for name, used in zip(_USED, wanted, strict=True) if used)
            name = getattr(function, "__name__", "")
            raise InputError(
                [Fault("Calculator", f"does not use the properties that {name} needs", uses, allowed)]
            )
        if derivative is not None:
            raise InputError(
                [Fault("Loss", "residual_derivative_fn needs a residual_fn that is not built in")]
            )
    return function


def _check_data(function: Callable[..., Any], data: Mapping[str, Any]) -> None:
    unknown = [key for key in data if key != "normalize_by_natoms"]
    if function in BUILT_IN and unknown:
        what = "unknown key of residual_data for a built-in residual_fn"
        raise InputError([Fault("Loss", what, unknown[0], "normalize_by_natoms")])
    normalize = data["normalize_by_natoms"]
    if not isinstance(normalize, (bool, np.bool_)):
        raise InputError([Fault("residual_data", "normalize_by_natoms", repr(normalize), "True or False")])
