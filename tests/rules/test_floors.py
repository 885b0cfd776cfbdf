"""Who may import whom: a file imports from floors below its own and from its own room, nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.circles import circles

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "hpcfit").rglob("*.py"))

FLOORS = {
    "__main__": 11,
    "entry": 10,
    "cli": 9,
    "api": 9,
    "calculator": 9,
    "listeners": 8,
    "fit": 7,
    "report": 6,
    "export": 6,
    "analysis": 6,
    "runfile": 5,
    "parallel": 4,
    "known": 4,
    "objective": 3,
    "solver": 3,
    "job": 2,
    "dataset": 2,
    "structure": 2,
    "potential": 2,
    "records": 1,
    "atomic": 1,
    "early_signals": -1,
    "input_files": 1,
    "job_outputs": 1,
    "errors": 1,
    "units": 1,
    "version": 0,
    "catalogue": 1,
}

#: Who alone may import a module, by prefix of the file's path.
RESERVED = {
    "mpi4py": "hpcfit/parallel/",
    "hpcfit.potential._kernels": "hpcfit/potential/library",
    "tools": "nowhere",
}


def _imported(file: str, node: ast.stmt) -> Iterator[str]:
    """Yield the dotted names that an import statement reaches for."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        folder = file.rpartition("/")[0].split("/")
        base = folder[: len(folder) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        yield from (f"{module}.{alias.name}" for alias in node.names)


def _within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run at import, inside `if` and `try` too (but not ``if TYPE_CHECKING``)."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        for part in ("body", "orelse", "finalbody"):
            yield from _top_level(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _top_level(handler.body)


def _room_faults(file: str, name: str) -> Iterator[str]:
    room = file.removeprefix("hpcfit/").removesuffix(".py").split("/")[0]
    other = name.split(".")[1] if _within(name, "hpcfit") and "." in name else ""
    if room == "__init__":
        if other not in {"version", "api"}:
            yield f"{file} imports {name}, allowed hpcfit.version and hpcfit.api"
    elif room not in FLOORS:
        yield f"{file} is on no floor"
    elif other and other != room and FLOORS.get(other, 99) >= FLOORS[room]:
        # `from hpcfit import __version__` and the like: the package itself has no floor.
        yield f"{file} imports {name}, allowed floors below {FLOORS[room]} and hpcfit.{room}"


def faults(file: str, source: str) -> list[str]:
    """Return what a file imports against the rules; `file` is its path from the repository's root."""
    tree = ast.parse(source)
    found: list[str] = []
    for node in ast.walk(tree):
        for name in _imported(file, node) if isinstance(node, ast.stmt) else ():
            if _within(name, "hpcfit"):
                found.extend(_room_faults(file, name))
            for module, place in RESERVED.items():
                if _within(name, module) and not file.startswith(place):
                    found.append(f"{file} imports {name}, allowed in {place}")
    return found


def arrows(sources: dict[str, str]) -> dict[str, set[str]]:
    """Return the files of `sources` that each of them imports, inside functions and for type checkers too."""

    def file_of(name: str) -> str | None:
        path = name.replace(".", "/")
        beside = (f"{path}.py", f"{path}/__init__.py", f"{path.rpartition('/')[0]}.py")
        return next(
            (file for file in (*beside, f"{path.rpartition('/')[0]}/__init__.py") if file in sources), None
        )

    found: dict[str, set[str]] = {}
    for file, source in sources.items():
        nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
        files = {file_of(name) for node in nodes for name in _imported(file, node)}
        found[file] = {other for other in files if other is not None and other != file}
    return found


def reaching(module: str, sources: dict[str, str]) -> set[str]:
    """Return the files that load a module when they are imported, through other files too."""
    loads = {
        file: {name for node in _top_level(ast.parse(source).body) for name in _imported(file, node)}
        for file, source in sources.items()
    }
    found: set[str] = set()
    while True:
        modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in found} | {
            module
        }
        more = {file for file, names in loads.items() if any(_within(n, m) for n in names for m in modules)}
        if more <= found:
            return found
        found |= more


#: What loads ASE, which is slow to import: the calculator, whose users have loaded it already and which no other file
#: imports (it is on the topmost floor).
WITH_ASE = ("hpcfit/calculator.py",)


def test_a_fit_never_loads_ase() -> None:
    found = reaching("ase", {file: (ROOT / file).read_text(encoding="utf-8") for file in FILES})
    assert [file for file in sorted(found) if not file.startswith(WITH_ASE)] == []


@pytest.mark.parametrize("module", ["scipy.optimize", "nlopt", "greenlet"])
def test_minimisers_are_loaded_by_those_who_choose_them(module: str) -> None:
    assert reaching(module, {file: (ROOT / file).read_text(encoding="utf-8") for file in FILES}) == set()


def test_slow_imports_are_found_through_other_files() -> None:
    sources = {
        "hpcfit/dataset/a.py": "try:\n    from ase.io import read\nexcept ImportError:\n    pass",
        "hpcfit/dataset/b.py": "class A:\n    import ase",
        "hpcfit/dataset/c.py": "def f():\n    import ase\nif TYPE_CHECKING:\n    from ase import Atoms",
        "hpcfit/objective/d.py": "from hpcfit.dataset.a import load",
        "hpcfit/parallel/e.py": "from hpcfit.objective import d",
        "hpcfit/cli/f.py": "def f():\n    from hpcfit.parallel import e",
        "hpcfit/cli/g.py": "import hpcfit.dataset.c",
    }
    assert {file[-4] for file in reaching("ase", sources)} == set("abde")


def test_no_circles() -> None:
    found = circles(arrows({file: (ROOT / file).read_text(encoding="utf-8") for file in FILES}))
    assert found == []


def test_circles_are_found() -> None:
    sources = {
        "hpcfit/job/a.py": "from hpcfit.job import b",
        "hpcfit/job/b.py": "if TYPE_CHECKING:\n    from hpcfit.job.c import C",
        "hpcfit/job/c.py": "def f():\n    from .a import g",
        "hpcfit/job/d.py": "import hpcfit.job.a\nfrom hpcfit.dataset import read",
        "hpcfit/dataset/__init__.py": "import numpy\nfrom hpcfit.dataset.e import read",
        "hpcfit/dataset/e.py": "from hpcfit.dataset import write",
        "hpcfit/dataset/f.py": "from hpcfit.dataset.f import g",
    }
    assert circles(arrows(sources)) == [
        ("hpcfit/dataset/__init__.py", "hpcfit/dataset/e.py"),
        ("hpcfit/job/a.py", "hpcfit/job/b.py", "hpcfit/job/c.py"),
    ]


def test_imports() -> None:
    assert [
        fault for file in FILES for fault in faults(file, (ROOT / file).read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("hpcfit/job/a.py", "import hpcfit.solver.geodesic"),
        ("hpcfit/job/a.py", "from hpcfit.dataset.reader import read"),
        ("hpcfit/job/a.py", "from ..dataset import reader"),
        ("hpcfit/job/a.py", "from hpcfit import dataset"),
        ("hpcfit/objective/a.py", "from hpcfit.solver.problem import Problem"),
        ("hpcfit/solver/a.py", "def f():\n    from hpcfit.parallel import tree"),
        ("hpcfit/runfile/a.py", "from hpcfit.fit import Fit"),
        ("hpcfit/fit.py", "from hpcfit.listeners import session"),
        ("hpcfit/records.py", "from hpcfit.errors import Fault"),
        ("hpcfit/helpers.py", "from hpcfit.errors import Fault"),
        ("hpcfit/runfile/a.py", "from mpi4py import MPI"),
        ("hpcfit/potential/neighbours.py", "from hpcfit.potential._kernels import lib"),
        ("hpcfit/potential/neighbours.py", "from hpcfit.potential import _kernels"),
        ("hpcfit/cli/a.py", "from tools.vectorised import main"),
        ("hpcfit/cli/a.py", "from hpcfit.calculator import Hpcfit"),
        ("hpcfit/__init__.py", "from hpcfit.fit import Fit"),
    ],
)
def test_forbidden_imports_are_found(file: str, source: str) -> None:
    assert len(faults(file, source)) >= 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            "hpcfit/job/a.py",
            "from hpcfit.job.document.tags import Tag\nfrom hpcfit.errors import Fault\nimport numpy",
        ),
        ("hpcfit/job/a.py", "from .tags import Tag"),
        ("hpcfit/cli/a.py", "from hpcfit.fit import Fit\nfrom hpcfit.version import __version__"),
        ("hpcfit/parallel/a.py", "from mpi4py import MPI\nfrom hpcfit.solver import step"),
        ("hpcfit/potential/library.py", "from hpcfit.potential._kernels import ffi, lib"),
    ],
)
def test_allowed_imports_pass(file: str, source: str) -> None:
    assert faults(file, source) == []
