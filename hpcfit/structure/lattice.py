"""An entry of the library of lattices: its cell and atoms.

Sites are (number of the species among the lattice's own, x, y, z) in units of the conventional cell's vectors, one of
each set that the centring repeats. Symbols, space groups and free coordinates follow Strukturbericht and the
International Tables, vol. A; numbers are those of the prototype where symmetry leaves them free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import nan, sqrt
from types import MappingProxyType

Site = tuple[int, float, float, float]
Sites = Callable[[Mapping[str, float]], list[Site]]

#: Vectors of the primitive cell in units of the conventional cell's, whose edges are 1, 1, c/a (and at 120 degrees).
CENTRINGS = {
    "primitive": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "face-centred": ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)),
    "body-centred": ((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5)),
    # Every second layer along 111 of a face-centred lattice.
    "rhombohedral": ((1.0, 0.5, 0.5), (0.5, 1.0, 0.5), (0.5, 0.5, 1.0)),
}


@dataclass(frozen=True)
class Lattice:
    """An entry of the library.

    Parameters
    ----------
    name, aliases, reference
        As in `records.LatticeForm`.
    system
        ``cubic``, ``tetragonal``, ``hexagonal``, ``layer`` (hexagonal, periodic in the plane) or ``dimer``.
    sites
        The atoms, from the values of `internal`.
    n_types
        Number of species.
    centring
        One of `CENTRINGS`.
    ca_ratio
        The default; NaN where the job must give it. Of no meaning to a cubic lattice.
    internal
        What symmetry leaves free of the sites, with defaults.
    """

    name: str
    aliases: tuple[str, ...]
    reference: str
    system: str
    sites: Sites
    n_types: int = 1
    centring: str = "primitive"
    ca_ratio: float = nan
    internal: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


THIRD = 1 / 3
CLOSE = sqrt(8 / 3)  #: c/a of close-packed spheres
FACE, BODY = "face-centred", "body-centred"

#: The three pairs of atoms on the faces of the cell of A15.
CHAINS = ((0.25, 0, 0.5), (0.75, 0, 0.5), (0.5, 0.25, 0), (0.5, 0.75, 0), (0, 0.5, 0.25), (0, 0.5, 0.75))


def fixed(*sites: Site) -> Sites:
    """Return sites without anything free."""
    return lambda _: list(sites)
