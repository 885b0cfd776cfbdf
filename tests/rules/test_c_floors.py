"""Which C file may include and call which: its own folder and floors below, without circles."""

from __future__ import annotations

import pytest

from tests.rules.c_sources import arrows, sources
from tests.rules.circles import circles

#: Folders of csrc/; files outside folders stand by their names.
FLOORS = {
    "hpcfit": 0,
    "core": 1,
    "functions": 2,
    "bond_order": 3,
    "edip": 3,
    "embedded": 3,
    "one_body": 3,
    "pair": 3,
    "three_body": 3,
    "meam": 4,
    "evaluate": 5,
    "gradient": 5,
    "registry": 5,
}


def faults(files: dict[str, str]) -> list[str]:
    """Return which files reach up or sideways, which are on no floor, and which need each other."""
    found = []
    for file, others in sorted(arrows(files).items()):
        room = _room(file)
        if room not in FLOORS:
            found.append(f"{file} is on no floor")
            continue
        found += [
            f"{file} needs {other}, allowed floors below {FLOORS[room]} and {room}/"
            for other in sorted(others)
            if _room(other) != room and FLOORS.get(_room(other), 99) >= FLOORS[room]
        ]
    return found + [f"{' and '.join(circle)} need each other" for circle in circles(arrows(files))]


def _room(file: str) -> str:
    return file.partition("/")[0].partition(".")[0]


def test_kernels() -> None:
    assert faults(sources()) == []


def test_every_floor_is_in_use() -> None:
    assert {_room(file) for file in sources()} == set(FLOORS)


UP = "int hf_low(void)\n{\n    return hf_high();\n}\n"


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"core/a.c": UP, "pair/b.c": "int hf_high(void)\n{\n    return 1;\n}\n"}, "core/a.c needs pair/b.c"),
        ({"core/a.h": '#include "pair/b.h"\n', "pair/b.h": ""}, "core/a.h needs pair/b.h"),
        ({"pair/a.c": '#include "edip/b.h"\n', "edip/b.h": ""}, "pair/a.c needs edip/b.h"),
        (
            {"pair/a.c": "int f(void)\n{\n    return hf_b.n;\n}\n", "edip/b.c": "const t hf_b = {1};"},
            "pair/a.c needs",
        ),
        (
            {"core/a.h": f"static inline {UP}", "pair/b.c": "int *hf_high(\n    void)\n{\n}\n"},
            "core/a.h needs pair/b",
        ),
        ({"new/a.c": ""}, "new/a.c is on no floor"),
        (
            {"core/a.c": UP, "core/b.c": UP.replace("low", "x").replace("high", "low").replace("x", "high")},
            "need each",
        ),
        (
            {"core/a.h": '#include "core/b.h"\n', "core/b.h": '#include "core/a.h"\n'},
            "core/a.h and core/b.h need each",
        ),
    ],
)
def test_faults_are_found(files: dict[str, str], wanted: str) -> None:
    found = faults(files)
    assert len(found) == 1
    assert wanted in found[0]


@pytest.mark.parametrize(
    "files",
    [
        {
            "core/a.c": UP.replace("hf_high()", "1"),
            "pair/b.c": "int hf_high(void)\n{\n    return hf_low();\n}\n",
        },
        {
            "core/a.c": '/* hf_high() */\nconst char *hf_low = "hf_high";',
            "pair/b.c": "int hf_high(void)\n{\n}\n",
        },
        {"core/a.c": UP, "pair/b.c": "static int hf_high(void)\n{\n}\n"},
        {
            "core/a.c": '#include "core/a.h"\n' + UP,
            "core/a.h": "static inline int g(void)\n{\n    hf_low();\n}\n",
        },
        {"core/a.c": UP, "pair/b.c": "int f(void)\n{\n    int hf_high = 1;\n    return hf_high;\n}\n"},
    ],
)
def test_what_is_allowed_passes(files: dict[str, str]) -> None:
    assert faults(files) == []
