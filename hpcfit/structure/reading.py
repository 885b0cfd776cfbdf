"""Structures from files."""

from __future__ import annotations

from collections.abc import Sequence

from hpcfit.records import Atoms, FloatArray


def read(path: str, kind: str, species: Sequence[str]) -> tuple[Atoms, FloatArray | None]:
    """Return the atoms in a file, and the forces if any."""
    raise NotImplementedError
