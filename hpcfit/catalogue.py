"""What a folder holds: each of its files names its records, and nothing else lists them."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TypeVar

_Record = TypeVar("_Record")


def records(package: str, kind: type[_Record]) -> tuple[_Record, ...]:
    """Return the records of a package: the tuple ``RECORDS`` of each of its modules, in the order of their names.

    Modules whose name begins with an underscore are helpers of the others and hold none.

    Parameters
    ----------
    package
        Dotted name, as in ``hpcfit.potential.forms``.
    kind
        The class of the records.

    Raises
    ------
    TypeError
        When a module holds no ``RECORDS``, or something else in it.
    """
    found: list[_Record] = []
    for module in pkgutil.iter_modules(import_module(package).__path__):
        if module.name.startswith("_"):
            continue
        held = getattr(import_module(f"{package}.{module.name}"), "RECORDS", None)
        if not isinstance(held, tuple) or not all(isinstance(record, kind) for record in held):
            raise TypeError(f"{package}.{module.name} needs RECORDS, a tuple of {kind.__name__}")
        found.extend(held)
    return tuple(found)
