"""GSL's Levenberg-Marquardt on a case, with and without acceleration, through gsl_harness.c.

The harness is compiled when it is first used; without GSL's headers (Debian: libgsl-dev) its solvers are left out.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from cases import Array, Counters

_SOURCE = Path(__file__).with_name("gsl_harness.c")

_DECLARATION = """
typedef int (*answer)(const double *x, double *out);
int harness_fit(size_t n, size_t p, const double *start, answer ask_residual, answer ask_jacobian, int accelerated,
                int scaling, double h, double tolerance, size_t most_iterations);
"""

SCALINGS = ("more", "levenberg", "marquardt")

#: Of xtol and gtol; ftol is not used by the library.
_TIGHT = 1e-14

#: Fraction of the step for the second directional derivative, by the difference formula that hpcfit uses too.
_H = 0.1


@cache
def harness() -> tuple[cffi.FFI, Any] | None:
    """Return the compiled harness, or None where it cannot be built."""
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATION)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "gsl_harness.so"
        command = [
            "cc",
            "-O2",
            "-shared",
            "-fPIC",
            str(_SOURCE),
            "-o",
            str(library),
            "-lgsl",
            "-lgslcblas",
            "-lm",
        ]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return ffi, ffi.dlopen(str(library))


def solve(counters: Counters, accelerated: bool, scaling: str) -> None:
    """Run a fit to its end."""
    built = harness()
    if built is None:
        raise RuntimeError("gsl_harness.c cannot be compiled")
    ffi, library = built
    start = np.ascontiguousarray(counters.case.start)
    n, p = len(counters.case.residual(start)), len(start)
    raised: list[Exception] = []

    def answer(function: Callable[[Array], Array], size: int) -> Any:
        def call(x: Any, out: Any) -> int:
            try:
                point = np.frombuffer(ffi.buffer(x, 8 * p)).copy()
                np.frombuffer(ffi.buffer(out, 8 * size))[:] = function(point).ravel()
            except Exception as problem:  # must not pass through C
                raised.append(problem)
                return 1
            return 0

        return ffi.callback("answer", call)

    residual, derivative = answer(counters.residual, n), answer(counters.jacobian, n * p)
    begin = ffi.from_buffer("double[]", start)
    library.harness_fit(
        n,
        p,
        begin,
        residual,
        derivative,
        accelerated,
        SCALINGS.index(scaling),
        _H,
        _TIGHT,
        counters.case.n_jacobians,
    )
    if raised:
        raise raised[0]
