"""Files and functions stay small enough to be read whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("hpcfit", "csrc", "tools", "tests")
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".c", ".h"} and path.name != "_kernels.c"
)

MOST_LINES = 400
MOST_FUNCTION_LINES = 60

_C_FUNCTION = re.compile(r"^[a-z][^;{}#]*?(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


def python_functions(source: str) -> dict[str, int]:
    """Return the lines of every function, its docstring and decorators not counted."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            is_docstring = ast.get_docstring(node, clean=False) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
            found[f"{node.name}, line {node.lineno}"] = (node.end_lineno or 0) - node.lineno + 1 - docstring
    return found


def c_functions(source: str) -> dict[str, int]:
    """Return the lines of every function, from the one with its name to the closing brace."""
    return {match[1]: match[0].count("\n") + 1 for match in _C_FUNCTION.finditer(source)}


def test_files_and_their_functions_are_small() -> None:
    large: dict[str, int] = {}
    for file in FILES:
        source = (ROOT / file).read_text(encoding="utf-8")
        functions = python_functions(source) if file.endswith(".py") else c_functions(source)
        large |= {f"{file}: {name}": n for name, n in functions.items() if n > MOST_FUNCTION_LINES}
        large |= {file: n} if (n := len(source.splitlines())) > MOST_LINES else {}
    assert large == {}


def test_lengths_of_functions() -> None:
    python = 'def f(\n    x,\n):\n    """One.\n\n    Two.\n    """\n    return x\n\n\nasync def g():\n    return 1\n'
    assert python_functions(python) == {"f, line 1": 4, "g, line 11": 2}
    c = "static int f(int a,\n int b)\n{\n    if (a) {\n        b = 1;\n    }\n    return b;\n}\n\nint g(int b)\n{\n}\n"
    assert c_functions(c) == {"f": 8, "g": 3}


def test_functions_of_the_kernels_are_recognised() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "csrc").rglob("*.c")]
    found = {name for source in sources for name in c_functions(source)}
    assert {"hpcfit_evaluate", "hpcfit_geometry_new", "hf_sum_moments"} <= found
