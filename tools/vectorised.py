"""Checks that every loop of csrc/ under `#pragma omp simd` is vectorised in every clone of its function (gcc, x86-64).

Run it as ``python tools/vectorised.py``: it compiles as the extension is compiled, prints a row per function with its
number of loops and how many of them are vectorised at the width of each clone, and ends with 1 if any is missing.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CSRC = Path(__file__).resolve().parent.parent / "csrc"

#: Clones by the suffix of their symbols, and the bytes of their vectors.
CLONES = {"default": 16, "arch_x86_64_v3": 32, "arch_x86_64_v4": 64}

_HEADER = re.compile(r"^;; Function \S+ \((\w+)(?:\.(\w+))?")
_LOOP = re.compile(r":(\d+):\d+: optimized: (?:outer )?loop vectorized using (\d+) byte vectors")
_FUNCTION = re.compile(r"^[a-z].*?(\w+)\((?:[^;{}]|\n)*?\)\n\{\n((?:.*\n)*?)\}", re.MULTILINE)


def simd_loops(source: str) -> dict[str, int]:
    """Return the number of `#pragma omp simd` in every function that has one."""
    counts = {match[1]: match[2].count("#pragma omp simd") for match in _FUNCTION.finditer(source)}
    found = {name: count for name, count in counts.items() if count}
    if sum(found.values()) != source.count("#pragma omp simd"):
        raise ValueError(f"simd loops outside the functions that were recognised, found {sorted(found)}")
    return found


def vectorised_loops(path: Path) -> dict[tuple[str, str], set[tuple[int, int]]]:
    """Return line and vector width of the loops that the compiler vectorised, by function and clone."""
    flags = runpy.run_path(str(CSRC / "build_kernels.py"))["FLAGS"]
    output = ["-o", "/dev/null", "-fdump-tree-vect-optimized=/dev/stdout"]
    command = ["gcc", *flags, f"-I{CSRC}", "-c", str(path), *output]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[tuple[str, str], set[tuple[int, int]]] = {}
    where = ("", "")
    for line in text.splitlines():
        if header := _HEADER.match(line):
            where = (header[1], header[2] or "")
        if loop := _LOOP.search(line):
            found.setdefault(where, set()).add((int(loop[1]), int(loop[2])))
    return found


def check_file(path: Path) -> list[tuple[str, str, int, list[int]]]:
    """Return for every function with simd loops: file, name, number of loops, and those vectorised in each clone."""
    wanted = simd_loops(path.read_text(encoding="utf-8"))
    if not wanted:
        return []
    found = vectorised_loops(path)
    rows = []
    for name, count in wanted.items():
        # A loop may come up at narrower widths too, for what remains at its end: only the clone's own width counts.
        widths = [
            len({line for line, width in found.get((name, clone), ()) if width == bytes_})
            for clone, bytes_ in CLONES.items()
        ]
        rows.append((path.name, name, count, widths))
    return rows


def main(folder: Path = CSRC) -> int:
    """Print the table for the C files of a folder and return the exit code."""
    with ThreadPoolExecutor(2) as pool:
        rows = [row for file in pool.map(check_file, sorted(folder.rglob("*.c"))) for row in file]
    print(f"{'file':24}{'function':28}loops" + "".join(f"{bytes_:>9} byte" for bytes_ in CLONES.values()))
    for file, name, count, widths in rows:
        mark = "" if min(widths) >= count else "  NOT VECTORISED"
        print(f"{file:24}{name:28}{count:5}" + "".join(f"{n:14}" for n in widths) + mark)
    missing = sum(min(widths) < count for *_, count, widths in rows)
    print(f"{len(rows)} functions, {missing} with a loop that is not vectorised")
    return 1 if missing or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
