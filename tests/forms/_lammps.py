"""How LAMMPS is told parameters: commands, or a file with an entry for every ordered triplet."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any


def of_pairs(style: str, columns: str, table: dict[str, Any], n_species: int) -> dict[str, Any]:
    rows = [
        " ".join(
            [f"pair_coeff {a + 1} {b + 1}", *(repr(float(table[name][a, b])) for name in columns.split())]
        )
        for a, b in itertools.combinations_with_replacement(range(n_species), 2)
    ]
    return {"commands": [f"pair_style {style} {table['cutoff'].max()!r}", *rows], "file": "", "text": ""}


def of_triplets(
    style: str, n_species: int, entry: Callable[[int, int, int], Sequence[Any]]
) -> dict[str, Any]:
    """Return a file with an entry of numbers for every ordered triplet."""
    lines = []
    for i, j, k in itertools.product(range(n_species), repeat=3):
        lines.append(" ".join([f"s{i} s{j} s{k}", *(repr(float(x)) for x in entry(i, j, k))]))
    names = " ".join(f"s{k}" for k in range(n_species))
    return {
        "commands": [f"pair_style {style}", f"pair_coeff * * sample.columns {names}"],
        "file": "sample.columns",
        "text": "\n".join(lines) + "\n",
    }


def by_columns(style: str, columns: str, table: dict[str, Any], n_species: int) -> dict[str, Any]:
    """Return a file whose columns are parameters; those of two bodies are those of the bond."""
    return of_triplets(
        style,
        n_species,
        lambda *triplet: [table[name][triplet[: table[name].ndim]] for name in columns.split()],
    )
