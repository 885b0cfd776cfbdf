"""The kernels' register programs, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray


@dataclass(frozen=True)
class Program:
    """A compiled function of one variable.

    Parameters
    ----------
    constants
        [n_constants].
    n_parameters
        Parameters follow the constants among the uniform values.
    uniform
        int32 [n, 5]: op, indices among the uniform values of the result and of up to three operands.
    n_uniform
        Number of uniform values: constants, parameters, results.
    vector
        int32 [m, 5]: op, register of the result, operands; an operand below zero, -1 - k, is uniform value k.
        Register 0 is the variable, registers 1 to n_outputs are the outputs, those behind them the inputs.
    n_registers
        Number of registers.
    n_outputs
        Number of outputs.
    n_inputs
        Number of inputs besides the variable, computed elsewhere.
    fused_with, fused
        Number of another function for the same pairs, and one fused program for the two, None if they share no steps.
        Its parameters and outputs are this function's, then the other's.
    """

    constants: FloatArray
    n_parameters: int
    uniform: NDArray[np.int32]
    n_uniform: int
    vector: NDArray[np.int32]
    n_registers: int
    n_outputs: int
    n_inputs: int = 0
    fused_with: int = 0
    fused: Program | None = None
