"""Public things have docstrings, messages are lower case without a full stop, and nothing is left to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "hpcfit").rglob("*.py"))
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("hpcfit", "csrc", "tools", "tests", "jobs")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".c", ".h", ".rng", ".xml", ".sh"}
)

#: The place of the message among the positional arguments of what is raised or reported; its keyword.
MESSAGES = {"Fault": (1, "what"), "HpcfitError": (0, ""), "ValueError": (0, ""), "TypeError": (0, "")}

#: Keywords of other programs' files that a message may begin with.
NAMES = {"Properties"}

_UNDONE = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))


def undocumented(source: str) -> list[str]:
    """Return the public classes, functions and methods without a docstring, and the module if it has none.

    A method may leave it to the method of a base class in the same file.
    """
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["module"]
    said: set[str] = set()

    def visit(body: list[ast.stmt], names: list[str]) -> None:
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if ast.get_docstring(node):
                said.update(f"{name}{node.name}" for name in names[:1])
            elif not (node.name.startswith("_") or any(f"{name}{node.name}" in said for name in names)):
                found.append(names[0] + node.name)
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                visit(node.body, [f"{node.name}.", *(f"{ast.unparse(base)}." for base in node.bases)])

    visit(tree.body, [""])
    return found


def _messages(source: str) -> Iterator[str]:
    """Yield the messages that are written out, fields of f-strings as ``{}``."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MESSAGES):
            continue
        place, keyword = MESSAGES[node.func.id]
        arguments = [k.value for k in node.keywords if k.arg == keyword] + node.args[place : place + 1]
        for argument in arguments:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value
            elif isinstance(argument, ast.JoinedStr):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in argument.values)


def bad_messages(source: str) -> list[str]:
    """Return the messages that begin with a capital (names may, and so may HDF5) or end with a full stop."""
    found = []
    for message in _messages(source):
        first = message.split(" ")[0]
        capital = (
            first not in NAMES
            and first[:1].isupper()
            and first[1:] == first[1:].lower()
            and first[1:].isalpha()
        )
        if not message or capital or message.rstrip().endswith((".", "!")):
            found.append(message)
    return found


def _faults(files: list[str], faults: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """Return what `faults` finds in the text of files, by file."""
    found = {file: faults((ROOT / file).read_text(encoding="utf-8")) for file in files}
    return {file: texts for file, texts in found.items() if texts}


def test_public_things_have_docstrings() -> None:
    assert _faults(PYTHON, undocumented) == {}


def test_messages() -> None:
    assert _faults(PYTHON, bad_messages) == {}


def test_nothing_left_to_do() -> None:
    assert _faults(SOURCES, _UNDONE.findall) == {}


def test_missing_docstrings_are_found() -> None:
    source = '"""A module."""\ndef f():\n    pass\nclass A:\n    """Doc."""\n    def g(self):\n        pass\n'
    assert undocumented(source + "def _h():\n    pass\n") == ["f", "A.g"]
    assert undocumented("x = 1") == ["module"]
    heir = 'class B(A):\n    """Doc."""\n    def g(self):\n        pass\n'
    assert undocumented(source.replace("        pass", '        """Doc."""') + heir) == ["f"]
    assert undocumented(source + heir) == ["f", "A.g", "B.g"]


@pytest.mark.parametrize(
    "call",
    [
        'ValueError("Bad number")',
        'ValueError("bad number.")',
        'ValueError(f"Bad {x}")',
        'Fault("a.xml:1", "Bad number")',
        'Fault(where="a.xml:1", what="bad number.")',
        'ValueError("")',
    ],
)
def test_bad_messages_are_found(call: str) -> None:
    assert len(bad_messages(call)) == 1


@pytest.mark.parametrize(
    "call", ['ValueError("HDF5 says no")', 'Fault("A.", f"{x} is bad")', 'ValueError("x, found 2")']
)
def test_good_messages_pass(call: str) -> None:
    assert bad_messages(call) == []
