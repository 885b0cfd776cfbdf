"""The input and output of the writers of exported potentials."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcfit.errors import Fault, InputError
from hpcfit.potential.functions import reach
from hpcfit.records import N_ATOMS, Function, Potential, PotentialForm, species_tuple, species_tuples


@dataclass(frozen=True)
class DensityRange:
    """Range of the densities in a job's structures and in compressed crystals.

    Parameters
    ----------
    smallest, largest
        In the structures.
    shortest
        Smallest distance between atoms there, Angstrom.
    compressed
        Largest density in compressed crystals; 0 where they are not known.
    spacing
        Distance between neighbours in them, Angstrom.
    """

    smallest: float
    largest: float
    shortest: float
    compressed: float = 0.0
    spacing: float = 0.0


@dataclass(frozen=True)
class ExportSource:
    """A potential to export, at the start values of its parameters.

    Parameters
    ----------
    species
        Symbols, in the order of the job and the file.
    potential, form
        The potential and its form.
    comments
        Three lines on the origin of the potential.
    file
        Path of the file to write, for commands and errors.
    resolution
        Number of points of a table; None for that of the file from which its functions come, or 10000.
    rho_range_factor
        End of a table of the density, in units of the largest density in the job's structures. None for twice that,
        the density of compressed crystals, or the end of the table from which a function comes, whichever is largest.
    densities
        Those in the job's structures; None for a form without densities.
    inner
        First distance, Angstrom, of a table of a pair energy, or of stated errors.
    masses, atomic_numbers
        As in `records.Job`.
    added
        Pair potentials and their forms, which the file adds to the potential.
    alone
        Whether LAMMPS uses the file alone, not beside others.
    """

    species: tuple[str, ...]
    potential: Potential
    form: PotentialForm
    comments: tuple[str, str, str]
    file: str
    resolution: int | None = None
    rho_range_factor: float | None = None
    densities: DensityRange | None = None
    inner: float = 1.0
    masses: tuple[float | None, ...] = ()
    atomic_numbers: tuple[int | None, ...] = ()
    added: tuple[tuple[Potential, PotentialForm], ...] = ()
    alone: bool = True

    @property
    def n_points(self) -> int:
        """The number of points of a table without a grid of its own."""
        return self.resolution or 10000

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the form's parameters."""
        return tuple(row.name for row in self.form.parameters)

    def value(self, name: str, *atoms: int) -> float:
        """Return a parameter's value for a central atom, a bonded atom and a third atom.

        Parameters
        ----------
        name
            The parameter.
        atoms
            Species of these atoms; those that the parameter does not depend on are omitted.
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
        """Return the number of atoms on which a parameter depends: 1, 2 or 3."""
        return next(N_ATOMS[row.kind] for row in self.form.parameters if row.name == name)

    def function(self, role: str, *atoms: int) -> Function | None:
        """Return the function in a role for a combination of species, None if there is none."""
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
            If there is no such function, or one never vanishes.
        """
        found = reach(self.potential, self.form, len(self.species))
        if not 0.0 < found < math.inf:
            raise self.refuse("functions of the distance without a cut-off", f"{found} A")
        return found

    def refuse(self, what: str, found: str = "", allowed: str = "") -> InputError:
        """Return the error that tells why the potential cannot be exported."""
        return InputError([Fault(self.file, f"{self.potential.id}: {what}", found, allowed)])


def number(value: float) -> str:
    """Return a number with all its digits."""
    return f"{value:.17g}"
