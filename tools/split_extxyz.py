"""Split an extxyz file in two by a list of values of one key: training and hold-out sets as papers give them.

Frames are copied as text, so that no digit is lost.

    python tools/split_extxyz.py all.extxyz.gz --key index --values indices.txt --listed train.extxyz --rest test.extxyz
"""

from __future__ import annotations

import argparse
import gzip
import re
from collections.abc import Iterator
from pathlib import Path


def frames(path: Path) -> Iterator[list[str]]:
    """Yield the lines of each frame: number of atoms, comment, atoms."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        while first := file.readline():
            yield [first, *(file.readline() for _ in range(int(first) + 1))]


def value_of(comment: str, key: str) -> str:
    """Return the value of a key in a frame's comment line.

    Raises
    ------
    ValueError
        If the frame does not have the key.
    """
    found = re.search(rf'(?:^|\s){re.escape(key)}=("[^"]*"|\S+)', comment)
    if found is None:
        raise ValueError(f"frame without the key, found '{comment.strip()[:80]}', allowed one with {key}=")
    return found[1].strip('"')


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("--key", required=True, help="key in the comment lines")
    parser.add_argument(
        "--values", type=Path, required=True, help="file with the values to list, white space between"
    )
    parser.add_argument(
        "--listed", type=Path, required=True, help="file for frames whose value is in the list"
    )
    parser.add_argument("--rest", type=Path, required=True, help="file for all others")
    options = parser.parse_args()
    listed = set(options.values.read_text().split())
    counts = {True: 0, False: 0}
    with options.listed.open("w") as inside, options.rest.open("w") as outside:
        for frame in frames(options.source):
            is_listed = value_of(frame[1], options.key) in listed
            counts[is_listed] += 1
            (inside if is_listed else outside).writelines(frame)
    print(f"{counts[True]} frames listed, {counts[False]} others")


if __name__ == "__main__":
    main()
