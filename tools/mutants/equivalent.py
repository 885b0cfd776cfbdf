"""The list of mutants that change no answer, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mutations import Mutant


@dataclass(frozen=True)
class Equivalent:
    """File, the statement before and after, and why no test can tell them apart."""

    file: str
    statement: str
    mutated: str
    reason: str

    def is_one(self, mutant: Mutant) -> bool:
        """Return whether a mutant is this one, on whatever line it stands."""
        return (self.file, self.statement, self.mutated) == (mutant.file, mutant.statement, mutant.mutated)


def read(path: Path) -> list[Equivalent]:
    """Return the entries of a list: file, ``- statement``, ``+ statement``, reason; an empty line between entries.

    Raises
    ------
    ValueError
        An entry has another form.
    """
    text = "\n".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    found = []
    for entry in filter(None, (part.strip() for part in text.split("\n\n"))):
        lines = entry.split("\n")
        if len(lines) < 4 or not lines[1].startswith("- ") or not lines[2].startswith("+ "):
            raise ValueError(
                f"{path}: bad entry, found {entry!r}, allowed file, - statement, + statement, reason"
            )
        reason = " ".join(line.strip() for line in lines[3:])
        found.append(Equivalent(lines[0], lines[1][2:], lines[2][2:], reason))
    return found


def stale(entries: list[Equivalent], every: list[Mutant]) -> list[Equivalent]:
    """Return the entries that are no mutant of the code as it is."""
    return [entry for entry in entries if not any(entry.is_one(mutant) for mutant in every)]
