"""The solver's variables, and the map from them to all parameters of a job.

A variable is a free parameter p, or on request log p, or with bounds the logit log((p - min)/(max - p)). A dependent
parameter is a function of others, its constraint. All derivatives are exact, by the chain rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential.constraints import CompiledConstraint
from hpcfit.potential.expression.interpreter import run
from hpcfit.records import FloatArray, Parameter


class Variables:
    """The map from the solver's vector to the parameters.

    Parameters
    ----------
    parameters
        All parameters of the job.
    lower, upper
        [n_parameters], bounds of job and potential combined.
    constraints
        Ordered such that each depends only on earlier ones.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        lower: FloatArray,
        upper: FloatArray,
        constraints: Sequence[CompiledConstraint],
    ) -> None:
        self._parameters = parameters
        self._lower, self._upper = lower, upper
        self._constraints = constraints
        self._start = np.array([p.start for p in parameters], dtype=np.float64)
        self._free = _places(parameters, lambda p: p.free)
        self._log = _places(parameters, lambda p: p.free and p.transform == "log")
        self._logit = _places(parameters, lambda p: p.free and p.transform == "logit")
        self.varying = _places(parameters, lambda p: p.varies)  #: indices of the varying parameters
        self.are_parameters = not constraints and len(self._log) == len(self._logit) == 0
        self.start = self._variables(self._start)  #: [n_free]
        self.lower = self._variables(lower)  #: [n_free]
        self.upper = self._variables(upper)  #: [n_free]

    @property
    def paths(self) -> tuple[str, ...]:
        """The free parameters' paths."""
        return tuple(self._parameters[place].path for place in self._free)

    def at(self, free: FloatArray) -> FloatArray:
        """Return the variables [n_free] for the values `free` [n_free] of the free parameters."""
        values = self._start.copy()
        values[self._free] = free
        return self._variables(values)

    def free(self, x: FloatArray) -> FloatArray:
        """Return the values of the free parameters [n_free] at the variables `x` [n_free]."""
        return np.asarray(self.parameters(x)[self._free])

    def slopes(self, x: FloatArray) -> FloatArray:
        """Return the derivative [n_free] of each free parameter by its variable at `x` [n_free]."""
        return self._derivatives(self.parameters(x))[0]

    def _variables(self, values: FloatArray) -> FloatArray:
        """Return the variables for given values of the parameters, infinite for bounds outside a transform's range."""
        variables = values.copy()
        with np.errstate(divide="ignore"):
            variables[self._log] = np.log(np.maximum(values[self._log], 0.0))
            low, high = self._lower[self._logit], self._upper[self._logit]
            variables[self._logit] = np.log(values[self._logit] - low) - np.log(high - values[self._logit])
        return variables[self._free]

    def parameters(self, x: FloatArray) -> FloatArray:
        """Return the values of all parameters [n_parameters] at the variables `x` [n_free]."""
        values = self._start.copy()
        values[self._free] = x
        low, high = self._lower[self._logit], self._upper[self._logit]
        with np.errstate(over="ignore"):
            values[self._log] = np.exp(values[self._log])
            values[self._logit] = low + (high - low) / (1.0 + np.exp(-values[self._logit]))
        for constraint in self._constraints:
            values[constraint.dependent] = _outputs(constraint, values)[0]
        return values

    def jacobian(self, x: FloatArray) -> FloatArray:
        """Return the derivatives of the varying parameters by the variables, [n_varying, n_free], at `x`."""
        values = self.parameters(x)
        rows = np.zeros((len(values), len(x)))
        rows[self._free, np.arange(len(x))] = self._derivatives(values)[0]
        for constraint in self._constraints:
            outputs = _outputs(constraint, values)
            for place, slope in zip(constraint.arguments, outputs[1:], strict=True):
                # The derivative by a fixed parameter need not even be finite.
                if rows[place].any():
                    rows[constraint.dependent] += slope * rows[place]
        return rows[self.varying]

    def pulled_back(self, x: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return derivatives by the variables [n_free] at `x`, given those by the varying parameters [n_varying]."""
        if self.are_parameters:
            return gradient
        values = self.parameters(x)
        by_parameter = np.zeros(len(values))
        by_parameter[self.varying] = gradient
        for constraint in reversed(self._constraints):
            slopes = _outputs(constraint, values)[1:]
            for place, slope in zip(constraint.arguments, slopes, strict=True):
                # The derivative by a fixed parameter need not even be finite.
                if self._parameters[place].varies:
                    by_parameter[place] += slope * by_parameter[constraint.dependent]
        return np.asarray(self._derivatives(values)[0] * by_parameter[self._free])

    def curves(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the free parameters at `x`, and first and second derivative of each by its variable, [n_free]."""
        values = self.parameters(x)
        return values[self._free], *self._derivatives(values)

    def along(self, x: FloatArray, v: FloatArray) -> FloatArray:
        """Return all parameters and their first and second derivatives along `v` [n_free] at `x`, [3, n_parameters].

        Requires second derivatives of all constraints.
        """
        values = self.parameters(x)
        rates = np.zeros((3, len(values)))
        rates[0] = values
        slopes, curvatures = self._derivatives(values)
        rates[1, self._free], rates[2, self._free] = slopes * v, curvatures * v**2
        for constraint in self._constraints:
            if constraint.second is None:
                raise ValueError("constraint has no second derivative")
            first = 0.0
            for place, slope in zip(constraint.arguments, _outputs(constraint, values)[1:], strict=True):
                if self._parameters[place].varies:
                    first += slope * rates[1, place]
            second = run(constraint.second, rates[:, constraint.arguments].ravel().tolist(), np.zeros(1))
            rates[1, constraint.dependent], rates[2, constraint.dependent] = first, second[0, 0]
        return rates

    def _derivatives(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return first and second derivatives [n_free] of the free parameters by their variables."""
        slopes, curvatures = np.ones(len(values)), np.zeros(len(values))
        slopes[self._log] = curvatures[self._log] = values[self._log]
        low, high = self._lower[self._logit], self._upper[self._logit]
        below, above = values[self._logit] - low, high - values[self._logit]
        slopes[self._logit] = below * (above / (high - low))
        curvatures[self._logit] = slopes[self._logit] * ((above - below) / (high - low))
        return slopes[self._free], curvatures[self._free]

    def out_of_range(self, values: FloatArray) -> str:
        """Describe the dependent parameter that is out of its potential's range; empty if none."""
        for constraint in self._constraints:
            place = constraint.dependent
            if not self._lower[place] <= values[place] <= self._upper[place]:
                allowed = f"{self._lower[place]} .. {self._upper[place]}"
                return (
                    f"{self._parameters[place].path} out of range, found {values[place]}, allowed {allowed}"
                )
        return ""


def _outputs(constraint: CompiledConstraint, values: FloatArray) -> FloatArray:
    """Return the value of a dependent parameter and its derivatives by the arguments of its constraint."""
    arguments = values[constraint.arguments].tolist()
    return np.asarray(run(constraint.program, arguments, np.zeros(1))[:, 0])


def _places(parameters: Sequence[Parameter], chosen: Callable[[Parameter], bool]) -> NDArray[np.int64]:
    return np.array([place for place, p in enumerate(parameters) if chosen(p)], dtype=np.int64)
