"""What is exported, what it becomes, and how numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcfit.errors import Fault, InputError
from hpcfit.potential.functions import reach
from hpcfit.records import N_ATOMS, Function, Potential, PotentialForm, species_tuple, species_tuples


@dataclass(frozen=True)
class DensityRange:
    """Densities that the atoms of some structures meet, and the smallest distance between them, Angstrom."""

    smallest: float
    largest: float
    shortest: float


@dataclass(frozen=True)
class ExportSource:
    """A potential to be exported; the start values of its parameters are the values wanted.

    Parameters
    ----------
    species
        Symbols, in the job's order, which becomes that of the file.
    potential, form
        The potential and its form.
    comments
        Three lines that say where it comes from.
    file
        Name of the file to be written, for commands and errors.
    resolution
        Number of points of a table.
    rho_range_factor
        End of a table of the density, in units of the largest density met.
    densities
        Met in the job's structures; None for a form without densities.
    inner
        Distance, Angstrom, from which on a table of a pair energy is there or its error is stated.
    masses, atomic_numbers
        As in `records.Job`.
    """

    species: tuple[str, ...]
    potential: Potential
    form: PotentialForm
    comments: tuple[str, str, str]
    file: str
    resolution: int = 10000
    rho_range_factor: float = 2.0
    densities: DensityRange | None = None
    inner: float = 1.0
    masses: tuple[float | None, ...] = ()
    atomic_numbers: tuple[int | None, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the form's parameters."""
        return tuple(row.name for row in self.form.parameters)

    def value(self, name: str, *atoms: int) -> float:
        """Return a parameter's value for a central atom, the atom bonded to it and perhaps a third one.

        Parameters
        ----------
        name
            The parameter.
        atoms
            Their species; those that the parameter does not depend on are left out.
        """
        place = 0
        for row in self.form.parameters:
            tuples = species_tuples(row.kind, len(self.species))
            if row.name == name:
                found = place + tuples.index(species_tuple(row.kind, *atoms))
                return self.potential.parameters[self.potential.value_places[found]].start
            place += len(tuples)
        raise ValueError(f"no such parameter, found '{name}', allowed {', '.join(self.names)}")

    def n_atoms(self, name: str) -> int:
        """Return on how many atoms a parameter depends: 1, 2 or 3."""
        return next(N_ATOMS[row.kind] for row in self.form.parameters if row.name == name)

    def function(self, role: str, *atoms: int) -> Function | None:
        """Return the function in a role for a combination of species, None where there is none."""
        place = 0
        for row in self.form.roles:
            tuples = species_tuples(row.kind, len(self.species))
            if row.name == role:
                number = self.potential.roles[place + tuples.index(species_tuple(row.kind, *atoms))]
                return None if number < 0 else self.potential.functions[number]
            place += len(tuples)
        raise ValueError(
            f"no such role, found '{role}', allowed {', '.join(row.name for row in self.form.roles)}"
        )

    @property
    def cutoff(self) -> float:
        """The distance beyond which all functions of the distance vanish, Angstrom.

        Raises
        ------
        InputError
            When there is no such function, or one that never vanishes.
        """
        found = reach(self.potential, self.form, len(self.species))
        if not 0.0 < found < math.inf:
            raise self.refuse("functions of the distance without a cut-off", f"{found} A")
        return found

    def refuse(self, what: str, found: str = "", allowed: str = "") -> InputError:
        """Return the error that says why this potential does not go into the file."""
        return InputError([Fault(self.file, f"{self.potential.id}: {what}", found, allowed)])


@dataclass(frozen=True)
class Written:
    """An exported potential.

    Parameters
    ----------
    text
        The file's content.
    commands
        The lines of a LAMMPS input that use it, ``units metal`` assumed.
    notes
        What the user should know: errors of interpolation, replaced values.
    """

    text: str
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()


def number(value: float) -> str:
    """Return a number with all its digits."""
    return f"{value:.17g}"
