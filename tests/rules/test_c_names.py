"""Prefixes in C: `hpcfit_` for what the public header declares, `hf_` for what files share, none for the rest."""

from __future__ import annotations

import re

import pytest

from tests.rules.c_sources import cleaned, defined, sources

_TYPE = re.compile(r"^\} (\w+);|^typedef [^;{}]*?(\w+)(?: |\[[^;]*\]|\([^;]*\))?;|^struct (\w+) \{", re.M)
_FUNCTION = re.compile(r"^(?!typedef|extern)[a-z][\w *]*?\b(\w+)\([^;{}]*\)(?=;|\s*\{)", re.MULTILINE)
_MACRO = re.compile(r"^#define (\w+)", re.MULTILINE)
_ENUM = re.compile(r"enum(?: \w+)? \{([^}]*)\}")


def names(source: str) -> set[str]:
    """Return the types, functions, macros and enumerators that stand at the top level of a source."""
    clean = cleaned(source)
    types = {name for match in _TYPE.findall(clean) for name in match if name}
    values = {part.split("=")[0].strip() for body in _ENUM.findall(clean) for part in body.split(",")}
    return types | set(_FUNCTION.findall(clean)) | set(_MACRO.findall(clean)) | values - {""}


def faults(files: dict[str, str]) -> list[str]:
    """Return the names that have another prefix than their place asks for."""
    public = names(files["hpcfit.h"])
    found = []
    for file, source in files.items():
        outside = defined(cleaned(source)) if file.endswith(".c") else names(source)
        own = "hpcfit_" if file == "hpcfit.h" else "hf_"
        found += [
            f"{file} shares {name}, allowed {own}"
            for name in sorted(outside)
            if not name.lower().startswith(own) and (file == "hpcfit.h" or name not in public)
        ]
        inside = names(source) - outside - public if file.endswith(".c") else set()
        found += [
            f"{file} keeps {name} to itself, allowed no prefix"
            for name in sorted(inside)
            if name.lower().startswith(("hf_", "hpcfit_"))
        ]
    return found


def test_kernels() -> None:
    assert faults(sources()) == []


def test_names_are_found() -> None:
    source = (
        "#define A 1\ntypedef struct {\n    int x;\n} b;\ntypedef double c[N][8];\ntypedef void d(int *s);\n"
        "enum { E, F = 4 };\nstruct g {\n    int y;\n};\nconst double *h(int,\n    int);\n"
        "static inline int i(void)\n{\n    return 1;\n}\ntypedef double j __attribute__((vector_size(64)));\n"
    )
    assert names(source) == set("AbcdEFghij")


HEADER = "typedef struct hpcfit_p hpcfit_p;\nint hpcfit_f(void);\n"


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("core/a.h", "typedef struct {\n    int x;\n} part;\n"),
        ("core/a.h", "enum { N_MOMENTS };\n"),
        ("core/a.h", "int hpcfit_g(void);\n"),
        ("core/a.c", "int g(void)\n{\n}\n"),
        ("core/a.c", "static int hf_g(void)\n{\n}\n"),
        ("core/a.c", "typedef struct {\n    int x;\n} hf_part;\n"),
    ],
)
def test_wrong_prefixes_are_found(file: str, source: str) -> None:
    assert len(faults({"hpcfit.h": HEADER, file: source})) == 1


def test_right_prefixes_pass() -> None:
    header = "struct hpcfit_p {\n    int x;\n};\n#define HF_A 1\nint hf_g(void);\n"
    source = "int hf_g(void)\n{\n}\nint hpcfit_f(void)\n{\n}\nstatic int f(void)\n{\n}\n"
    assert faults({"hpcfit.h": HEADER, "core/a.h": header, "core/a.c": source}) == []
    assert len(faults({"hpcfit.h": "int f(void);\n"})) == 1
