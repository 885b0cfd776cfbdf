"""The output of the writers of exported potentials."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcfit.errors import Fault, InputError


@dataclass(frozen=True)
class Accuracy:
    """Largest differences to LAMMPS that a format allows: eV for each atom, and eV/Angstrom.

    Both are relative where the energy of an atom or the largest force of a structure exceeds 1.
    """

    energy: float
    force: float


#: Of numbers with all digits: the rounding of sums in another order.
EXACT = Accuracy(1e-10, 1e-9)

#: Of tables of 10,000 points inside their range, where errors are some 1e-9 but for kinks of the functions.
OF_TABLES = Accuracy(1e-6, 1e-5)


@dataclass(frozen=True)
class Written:
    """One file of an exported potential.

    Parameters
    ----------
    text
        The file's content.
    file
        Its path.
    style
        LAMMPS's pair style with its arguments.
    coefficients
        Types and arguments of each ``pair_coeff``.
    is_script
        Whether the file holds these commands itself.
    notes
        Notes for the user: ranges, errors of interpolation, replaced values.
    accuracy
        What the format promises inside its range.
    shortest
        Smallest distance for which that holds, Angstrom.
    densities
        Range of densities for which that holds.
    omitted
        For each species, an energy of every atom that LAMMPS leaves out, eV; empty for none.
    """

    text: str
    file: str
    style: str
    coefficients: tuple[tuple[str, str], ...]
    is_script: bool = False
    notes: tuple[str, ...] = ()
    accuracy: Accuracy = EXACT
    shortest: float = 0.0
    densities: tuple[float, float] = (-math.inf, math.inf)
    omitted: tuple[float, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines of a LAMMPS input that use the file, ``units metal`` assumed."""
        if not self.is_script:
            return lines_of(self.style, self.coefficients)
        if bad := sorted(set(self.file) & set("$'\"")):
            # LAMMPS looks for variables and quotes in this name again, inside its quotes.
            allowed = "a name without dollars and quotes"
            raise InputError([Fault(self.file, "LAMMPS cannot include this file", " ".join(bad), allowed)])
        return (f"include {quoted(self.file)}",)


def lines_of(style: str, coefficients: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the commands of a pair style."""
    return f"pair_style {style}", *(f"pair_coeff {types} {rest}" for types, rest in coefficients)


def quoted(name: str) -> str:
    """Return a path as one word of a LAMMPS command.

    Raises
    ------
    InputError
        If no quotes can hold it.
    """
    if not any(character.isspace() or character in "\"'$&#*?[]()" for character in name):
        return name
    quote = next((quote for quote in ('"', "'") if quote not in name), "")
    if not quote or "\n" in name or "\r" in name:
        what = "LAMMPS has no quotes for this name"
        raise InputError([Fault(name, what, allowed="a name without line ends or both kinds of quotes")])
    return f"{quote}{name}{quote}"
