"""The errors that hpcfit raises on purpose, and the format of a fault of the input."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault of the input, printed as one line ``where: what, found ..., allowed ...``.

    Parameters
    ----------
    where
        File, or ``file:line``.
    what
        The fault in lower case, without a full stop.
    found
        The offending text; empty if there is none.
    allowed
        The allowed values or names; empty if they do not help.
    nearest
        The allowed name most similar to the one found; empty if none is similar.
    """

    where: str
    what: str
    found: str = ""
    allowed: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}"]
        if self.found:
            parts.append(f"found {self.found}")
        if self.allowed:
            parts.append(f"allowed {self.allowed}")
        if self.nearest:
            parts.append(f"nearest {self.nearest}")
        return ", ".join(parts)


class HpcfitError(Exception):
    """An error with a message for the user; ``exit_code`` is the exit code of the program."""

    exit_code = 1


class InputError(HpcfitError):
    """Bad input, with one line for every fault; exit code 2.

    Parameters
    ----------
    faults
        At least one fault.
    """

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return InputError, (self.faults,)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the one of `names` most similar to `name`; empty if none is similar."""
    matches = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return matches[0] if matches else ""
