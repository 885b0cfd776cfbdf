"""A public class name means one thing in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def repeated(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the public classes that more than one file defines, with the files."""
    places = defaultdict(list)
    for file, source in sources.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(file)
    return {name: files for name, files in places.items() if len(files) > 1}


def test_no_public_class_name_stands_twice() -> None:
    files = sorted((ROOT / "hpcfit").rglob("*.py"))
    assert repeated({str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}) == {}


def test_repeated_names_are_found() -> None:
    sources = {
        "a.py": "class A: pass\nclass _B: pass",
        "b.py": "class A: pass\nclass _B: pass\nclass C: pass",
    }
    assert repeated(sources) == {"A": ["a.py", "b.py"]}
