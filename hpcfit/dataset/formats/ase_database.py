"""ASE databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hpcfit.dataset.formats._format import DatasetFormat, Frame, SourceFile
from hpcfit.errors import Fault


def _read(file: SourceFile) -> Iterator[Frame | Fault]:
    import ase.db

    try:
        for row in ase.db.connect(Path(file.name)).select():
            atoms = row.toatoms()
            atoms.info.update(row.key_value_pairs)
            yield Frame(f"{file.name}: row {row.id}", file.group, atoms)
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        yield Fault(file.name, "cannot be read as an ASE database", str(error))


RECORDS = (
    DatasetFormat(
        name="ase-database",
        suffixes=(".db",),
        labels=("energy", "forces", "stress", "group", "weight"),
        description="an SQLite database of ASE",
        read=_read,
    ),
)
