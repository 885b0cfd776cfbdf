"""Sites that several lattices share.

Sites are (index of the species, x, y, z) in units of the conventional cell's vectors, one of each set that the
centring repeats. Symbols, space groups and free coordinates follow Strukturbericht and the International Tables,
vol. A; the defaults of free coordinates are those of the prototype.
"""

from __future__ import annotations

from math import sqrt

from hpcfit.records import Site, Sites

THIRD = 1 / 3
CLOSE = sqrt(8 / 3)  #: c/a of close-packed spheres
FACE, BODY = "face-centred", "body-centred"

#: The three pairs of atoms on the faces of the cell of A15.
CHAINS = ((0.25, 0, 0.5), (0.75, 0, 0.5), (0.5, 0.25, 0), (0.5, 0.75, 0), (0, 0.5, 0.25), (0, 0.5, 0.75))


def fixed(*sites: Site) -> Sites:
    """Return sites without free coordinates."""
    return lambda _: list(sites)


def six_h(species: int, x: float) -> list[Site]:
    """Return the sites 6h of P6_3/mmc."""
    plane = [(x, 2 * x), (-2 * x, -x), (x, -x)]
    return [(species, a, b, 0.25) for a, b in plane] + [(species, -a, -b, 0.75) for a, b in plane]
