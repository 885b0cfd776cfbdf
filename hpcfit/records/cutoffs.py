"""Cut-offs of potentials, and shells of neighbours near them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cutoff:
    """A distance at which a potential ends, or changes its formula, for one pair of species.

    Parameters
    ----------
    potential
        Id of the potential.
    function
        Id of the function that ends; empty for a potential without functions.
    species
        The two species, ascending.
    distance
        Angstrom.
    """

    potential: str
    function: str
    species: tuple[int, int]
    distance: float


@dataclass(frozen=True)
class Shell:
    """Pairs of atoms of one distance near a cut-off.

    Parameters
    ----------
    cutoff
        The cut-off.
    distance
        Angstrom; the shell counts if it is smaller than that of the cut-off.
    n_pairs
        Number of pairs in the cell.
    """

    cutoff: Cutoff
    distance: float
    n_pairs: int

    @property
    def gap(self) -> float:
        """The strain that brings the shell to the cut-off; negative for a shell that does not count."""
        return self.cutoff.distance / self.distance - 1.0
