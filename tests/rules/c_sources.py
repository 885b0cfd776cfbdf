"""C sources as the rules see them: without comments and strings, what they include, define and use."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_IGNORED = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_ATTRIBUTE = re.compile(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\) ?")
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_DEFINITION = re.compile(
    r"^(?!static\b|typedef\b|extern\b)[a-z][\w *]*?\b(\w+)(?:\([^;{}]*\)\s*\{|(?:\[\w*\])* =)", re.MULTILINE
)
_DECLARATION = re.compile(r"^[a-z][^;{}]*;", re.MULTILINE)


def sources() -> dict[str, str]:
    """Return the C files of csrc/ by their path from there."""
    csrc = ROOT / "csrc"
    return {
        path.relative_to(csrc).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(csrc.rglob("*.[ch]"))
    }


def cleaned(source: str) -> str:
    """Return a source without comments, attributes and strings, but with the names of the files that it includes."""
    bare = _IGNORED.sub(lambda m: m[0] if source[: m.start()].endswith("#include ") else " ", source)
    return _ATTRIBUTE.sub("", bare)


def included(source: str) -> set[str]:
    """Return the files that a cleaned source includes by name."""
    return set(_INCLUDE.findall(source))


def defined(source: str) -> set[str]:
    """Return the functions and objects with external linkage that a cleaned source defines."""
    return set(_DEFINITION.findall(source))


def arrows(files: dict[str, str]) -> dict[str, set[str]]:
    """Return for every file those that it includes and those that define what it calls or refers to.

    A header may call what is defined in the file of the same name.
    """
    clean = {file: cleaned(source) for file, source in files.items()}
    place = {name: file for file, source in clean.items() if file.endswith(".c") for name in defined(source)}
    found = {}
    for file, source in clean.items():
        used = {place[name] for name in re.findall(r"\w+", _DECLARATION.sub("", source)) if name in place}
        if file.endswith(".h"):
            used.discard(file[:-1] + "c")
        found[file] = (used | included(source)) - {file}
    return found
