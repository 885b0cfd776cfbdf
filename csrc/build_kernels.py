"""Builds the cffi extension: the declarations come from hpcfit.h itself, so header and binding cannot drift."""

import platform
from pathlib import Path

from cffi import FFI

CSRC = Path(__file__).resolve().parent
ROOT = CSRC.parent

# No -ffast-math: it would flush denormals to zero for the whole process and change the bits with the compiler's
# mood. The two -fno flags keep IEEE results; they only say that nobody reads errno or traps.
FLAGS = ["-O3", "-std=gnu11", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"]
if platform.machine() == "x86_64":
    FLAGS.append("-mprefer-vector-width=512")


def declarations() -> str:
    """Return what stands between the two markers of hpcfit.h."""
    text = (CSRC / "hpcfit.h").read_text()
    return text.split("/* cffi: begin */")[1].split("/* cffi: end */")[0]


ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "hpcfit.potential._kernels",
    '#include "hpcfit.h"',
    sources=[str(path.relative_to(ROOT)) for path in sorted(CSRC.rglob("*.c"))],
    depends=[str(path.relative_to(ROOT)) for path in sorted(CSRC.rglob("*.h"))],
    include_dirs=["csrc"],
    libraries=["m"],
    extra_compile_args=FLAGS,
)
