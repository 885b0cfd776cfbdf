"""Functions, arrays and memory in the layout of the kernels, with every array checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.potential._kernels import ffi
from hpcfit.potential.program import Program
from hpcfit.potential.spline import CompiledFunction, Spline, SplineProgram

_DTYPES = {"double": np.dtype(np.float64), "int32_t": np.dtype(np.int32), "int64_t": np.dtype(np.int64)}


def pointer(c_type: str, array: NDArray[Any], shape: tuple[int, ...], writable: bool = False) -> Any:
    """Return the address of an array after the checks that `ffi.from_buffer` does not make."""
    if array.dtype != _DTYPES[c_type] or array.shape != shape or not array.flags.c_contiguous:
        raise ValueError(
            f"array of wrong layout, found {array.dtype} {array.shape}, allowed contiguous {_DTYPES[c_type]} {shape}"
        )
    if writable and not array.flags.writeable:
        raise ValueError("array is read-only, allowed writable")
    return ffi.from_buffer(f"{c_type}[]", array, require_writable=writable)


class Functions:
    """The functions of a potential, compiled for one choice of free parameters.

    Parameters
    ----------
    programs
        One program, spline or spline program per function; hpcfit.h lists the outputs.
    cutoffs
        One per function, in the unit of its argument: the function is zero from there on; infinite for none.
    roles
        For each role of the potential and combination of species, the index of its function, -1 for none.
    """

    def __init__(
        self, programs: Sequence[CompiledFunction], cutoffs: Sequence[float], roles: Sequence[int]
    ) -> None:
        self.n_parameters = sum(program.n_parameters for program in programs)
        self._array = ffi.new("hpcfit_function[]", len(programs))
        self._roles = np.array(roles, dtype=np.int32)
        self._kept: list[Any] = [programs]
        first = 0
        for entry, program, cutoff in zip(self._array, programs, cutoffs, strict=True):
            entry.first_parameter = first
            entry.cutoff = cutoff
            if isinstance(program, Spline):
                entry.program.n_parameters, entry.program.n_outputs = program.n_parameters, program.n_outputs
                self._fill_splines(entry, [program])
            elif isinstance(program, SplineProgram):
                self._fill(entry.program, program.program)
                self._fill_splines(entry, program.splines)
            else:
                self._fill(entry.program, program)
                if program.fused:
                    entry.fused_with = program.fused_with
                    self._fill(entry.fused, program.fused)
            first += program.n_parameters
        self._handle = ffi.new("hpcfit_functions *")
        self._handle.n_functions = len(programs)
        self._handle.functions = self._array
        self._handle.n_places = len(roles)
        self._handle.roles = pointer("int32_t", self._roles, (len(roles),))

    def _fill_splines(self, function: Any, splines: Sequence[Spline]) -> None:
        array = ffi.new("hpcfit_spline[]", len(splines))
        for target, spline in zip(array, splines, strict=True):
            self._fill_spline(target, spline)
        function.n_splines, function.splines = len(splines), array
        self._kept.append(array)

    def _fill_spline(self, target: Any, spline: Spline) -> None:
        target.first_parameter = spline.first_parameter
        target.n_knots = len(spline.knots)
        target.n_parameters = spline.n_parameters
        target.n_bins = len(spline.bins)
        target.bins_per_unit = spline.bins_per_unit
        target.knots = pointer("double", spline.knots, spline.knots.shape)
        for table, band in ((target.values, spline.values), (target.slopes, spline.slopes)):
            table.start = pointer("int64_t", band.start, (spline.n_parameters + 2,))
            table.knot = pointer("int64_t", band.knot, (spline.n_parameters + 1,))
            table.entries = pointer("double", band.entries, (int(band.start[-1]),))
        target.bins = pointer("double", spline.bins, (len(spline.bins),))

    def _fill(self, target: Any, program: Program) -> None:
        target.n_constants = len(program.constants)
        target.n_uniform = program.n_uniform
        target.n_uniform_steps = len(program.uniform)
        target.n_steps = len(program.vector)
        target.n_parameters, target.n_outputs = program.n_parameters, program.n_outputs
        target.n_registers, target.n_inputs = program.n_registers, program.n_inputs
        constants = pointer("double", program.constants, (len(program.constants),))
        tables = [pointer("int32_t", table, (len(table), 5)) for table in (program.uniform, program.vector)]
        target.constants = constants
        target.uniform_steps, target.steps = (ffi.cast("int32_t (*)[5]", table) for table in tables)
        self._kept += [constants, *tables]


class Scratch:
    """Working memory of evaluations, reusable for any number of geometries in sequence."""

    def __init__(self) -> None:
        self._size = -1
        self._aligned: Any = None

    def _pointer(self, n_doubles: int) -> Any:
        if n_doubles > self._size:
            memory = np.zeros(n_doubles + 8)
            offset = (-memory.ctypes.data // 8) % 8
            self._size, self._aligned = n_doubles, ffi.from_buffer("double[]", memory[offset:])
        return self._aligned
