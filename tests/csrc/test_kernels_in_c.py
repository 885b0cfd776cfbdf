"""Compiles the kernels otherwise than the extension: with sanitizers, without clones, and for a look at the loops."""

from __future__ import annotations

import importlib.util
import platform
import re
import runpy
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from cffi import FFI

from hpcfit.potential import library, library_functions
from tests.physics.oracle_kernels import Values, kernel_values
from tests.physics.oracle_samples import CASES, FORMS, fittable, sample_structures

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
COMPILER = shutil.which("cc")

#: The resolvers of clones run before the sanitizers are ready, so that there are no clones: the attribute vanishes.
NO_CLONES = "-Dtarget_clones(...)="

#: Without optimisation the kernels compile eight times faster, and no undefined behaviour is optimised away.
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O0")

#: Objects that were compiled before come from a cache where there is one.
CACHED = [cache] if (cache := shutil.which("ccache")) else []


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _compile(folder: Path, *flags: str) -> list[str]:
    """Compile every kernel and return the objects."""

    def compiled(source: Path) -> str:
        target = str(folder / f"{source.relative_to(CSRC)}.o".replace("/", "-"))
        _run(*CACHED, str(COMPILER), *flags, NO_CLONES, f"-I{CSRC}", "-c", str(source), "-o", target)
        return target

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(compiled, sorted(CSRC.rglob("*.c"))))


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments that compile and link a program with the kernels under the sanitizers."""
    if COMPILER is None:
        pytest.skip("no C compiler named cc")
    folder = tmp_path_factory.mktemp("sanitized")
    if not _has_sanitizers(folder):
        pytest.skip("the compiler has no sanitizers")
    flags = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", *SANITIZERS)
    return [*flags, NO_CLONES, f"-I{CSRC}", *_compile(folder, *flags)]


def _has_sanitizers(folder: Path) -> bool:
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n", encoding="utf-8")
    command = [str(COMPILER), *SANITIZERS, str(source), "-o", str(folder / "empty")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "report", "least"),
    [
        ("test_kernels", r"(\d+) passed, 0 failed\n", 500),
        ("test_functions", r"(\d+) passed, 0 failed\n", 200),
        ("fuzz_programs", r"\d+ programs, (\d+) run\n", 200),
    ],
)
def test_under_sanitizers(name: str, report: str, least: int, sanitized: list[str], tmp_path: Path) -> None:
    program = tmp_path / name
    source = str(Path(__file__).with_name(f"{name}.c"))
    _run(str(COMPILER), source, *sanitized, "-lm", "-o", str(program))
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.fullmatch(report, done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) > least


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> tuple[FFI, Any]:
    """The kernels without clones, as a processor without AVX2 runs them, called through cffi's other mode."""
    if COMPILER is None:
        pytest.skip("no C compiler named cc")
    build = runpy.run_path(str(CSRC / "build_kernels.py"))
    folder = tmp_path_factory.mktemp("baseline")
    objects = _compile(folder, *build["FLAGS"], "-fvisibility=default", "-fPIC")
    _run(str(COMPILER), "-shared", *objects, "-lm", "-o", str(folder / "kernels.so"))
    ffi = FFI()
    ffi.cdef(build["declarations"]())
    return ffi, ffi.dlopen(str(folder / "kernels.so"))


@pytest.mark.long
@pytest.mark.parametrize(("name", "n_species"), CASES)
def test_clones_agree_with_the_baseline(
    name: str, n_species: int, baseline: tuple[FFI, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    structures = list(sample_structures(name, n_species).values())
    free = fittable(FORMS[name], n_species)

    def values() -> Values:
        return kernel_values(name, structures, n_species, free)

    here = values()
    for module in (library, library_functions):
        monkeypatch.setattr(module, "ffi", baseline[0])
    monkeypatch.setattr(library, "lib", baseline[1])
    there = values()
    # Measured 4e-15: other exponentials (at most 4 ulp off), no fused multiply-add. Relative to the largest number of
    # a column, since the sums of a structure may cancel.
    for (part, a), (_, b) in zip(here.parts(), there.parts(), strict=True):
        for column, (found, wanted) in enumerate(zip(a, b, strict=True)):
            assert np.abs(found - wanted).max() <= 1e-13 * np.abs(wanted).max(), f"{part}, column {column}"


def _vectorised() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vectorised", ROOT / "tools" / "vectorised.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None or platform.machine() != "x86_64" or sys.platform != "linux",
    reason="the dump of vectorised loops is gcc's, and the clones are those of x86-64",
)


@pytest.mark.long
@needs_gcc
def test_every_simd_loop_is_vectorised(capsys: pytest.CaptureFixture[str]) -> None:
    assert _vectorised().main() == 0, capsys.readouterr().out
    assert "0 with a loop that is not vectorised" in capsys.readouterr().out


@needs_gcc
def test_a_loop_that_is_not_vectorised_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clones = '__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))'
    loop = "#pragma omp simd\n    for (int k = 0; k < n; k++)\n        x[k] = {};\n"
    (tmp_path / "bad.c").write_text(
        f"double f(double);\n{clones}\nvoid good(int n, double *restrict x)\n{{\n{loop.format('2.0 * x[k]')}}}\n\n"
        f"{clones}\nvoid bad(int n, double *restrict x)\n{{\n{loop.format('f(x[k])')}}}\n",
        encoding="utf-8",
    )
    assert _vectorised().main(tmp_path) == 1
    rows = {
        line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith("bad.c")
    }
    assert "NOT VECTORISED" in rows["bad"]
    assert "NOT VECTORISED" not in rows["good"]
