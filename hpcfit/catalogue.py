"""The registry: each module of a folder declares its records, and no other list exists."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TypeVar

_Record = TypeVar("_Record")


def records(package: str, kind: type[_Record]) -> tuple[_Record, ...]:
    """Return the records of a package: the tuple ``RECORDS`` of each module, modules sorted by name.

    Modules whose names begin with an underscore are helpers without records.

    Parameters
    ----------
    package
        Dotted name, as in ``hpcfit.potential.forms``.
    kind
        The class of the records.

    Raises
    ------
    TypeError
        If a module has no ``RECORDS``, or an item has another class.
    """
    found: list[_Record] = []
    for module in pkgutil.iter_modules(import_module(package).__path__):
        if module.name.startswith("_"):
            continue
        declared = getattr(import_module(f"{package}.{module.name}"), "RECORDS", None)
        if not isinstance(declared, tuple) or not all(isinstance(record, kind) for record in declared):
            raise TypeError(f"{package}.{module.name} needs RECORDS, a tuple of {kind.__name__}")
        found.extend(declared)
    return tuple(found)
