"""The library of lattices: cells and atoms, with their sources.

Sites are (number of the species among the lattice's own, x, y, z) in units of the conventional cell's vectors, one of
each set that the centring repeats. Symbols, space groups and free coordinates follow Strukturbericht and the
International Tables, vol. A; numbers are those of the prototype where symmetry leaves them free.
"""

from __future__ import annotations

import itertools
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


def _fixed(*sites: Site) -> Sites:
    return lambda _: list(sites)


def _signs(x: float) -> list[tuple[float, float, float]]:
    return [(a, b, c) for a, b, c in itertools.product((x, -x), repeat=3)]


def _wurtzite(v: Mapping[str, float]) -> list[Site]:
    u = v["u"]
    return [(0, _T, 2 * _T, 0), (0, 2 * _T, _T, 0.5), (1, _T, 2 * _T, u), (1, 2 * _T, _T, 0.5 + u)]


def _rutile(v: Mapping[str, float]) -> list[Site]:
    u = v["u"]
    metal: list[Site] = [(0, 0, 0, 0), (0, 0.5, 0.5, 0.5)]
    return [*metal, (1, u, u, 0), (1, -u, -u, 0), (1, 0.5 + u, 0.5 - u, 0.5), (1, 0.5 - u, 0.5 + u, 0.5)]


def _molybdenum_silicide(v: Mapping[str, float]) -> list[Site]:
    return [(0, 0, 0, 0), (1, 0, 0, v["z"]), (1, 0, 0, -v["z"])]


def _six_h(species: int, x: float) -> list[Site]:
    """6h of P6_3/mmc."""
    plane = [(x, 2 * x), (-2 * x, -x), (x, -x)]
    return [(species, a, b, 0.25) for a, b in plane] + [(species, -a, -b, 0.75) for a, b in plane]


def _nickel_tin(v: Mapping[str, float]) -> list[Site]:
    return [(0, _T, 2 * _T, 0.25), (0, 2 * _T, _T, 0.75), *_six_h(1, v["x"])]


def _magnesium_zinc(v: Mapping[str, float]) -> list[Site]:
    z = v["z"]
    large = [(_T, 2 * _T, z), (2 * _T, _T, 0.5 + z), (2 * _T, _T, -z), (_T, 2 * _T, 0.5 - z)]
    small: list[Site] = [(1, 0, 0, 0), (1, 0, 0, 0.5)]
    return [*((0, *site) for site in large), *small, *_six_h(1, v["x"])]


def _thorium_manganese(v: Mapping[str, float]) -> list[Site]:
    e = v["x"]
    octahedron = [(e, 0, 0), (-e, 0, 0), (0, e, 0), (0, -e, 0), (0, 0, e), (0, 0, -e)]
    edges = [(0, q, p) for q in (0.25,) for p in (0.25, 0.75)]
    turned = [(x, y, z) for a, b, c in edges for x, y, z in ((a, b, c), (c, a, b), (b, c, a))]
    manganese = [(0.5, 0.5, 0.5), *turned, *_signs(v["y"]), *_signs(v["z"])]
    return [*((0, *site) for site in octahedron), *((1, *site) for site in manganese)]


def _quartz(v: Mapping[str, float]) -> list[Site]:
    """3a and 6c of P3_221."""
    u, x, y, z = v["u"], v["x"], v["y"], v["z"]
    silicon: list[Site] = [(0, u, 0, 2 * _T), (0, 0, u, _T), (0, -u, -u, 0)]
    turned = [(x, y, z), (-y, x - y, z + 2 * _T), (y - x, -x, z + _T)]
    flipped = [(y, x, -z), (x - y, -y, _T - z), (-x, y - x, 2 * _T - z)]
    return [*silicon, *((1, *site) for site in turned + flipped)]


_T = 1 / 3
_F, _I = "face-centred", "body-centred"
_LAVES = [
    (1, 0.625, 0.625, 0.625),
    (1, 0.625, 0.875, 0.875),
    (1, 0.875, 0.625, 0.875),
    (1, 0.875, 0.875, 0.625),
]
_CHAINS = ((0.25, 0, 0.5), (0.75, 0, 0.5), (0.5, 0.25, 0), (0.5, 0.75, 0), (0, 0.5, 0.25), (0, 0.5, 0.75))
_CLOSE = sqrt(8 / 3)  # c/a of close-packed spheres

ELEMENTS = (
    Lattice("sc", ("simple-cubic", "A_h", "Ah"), "Pm-3m, alpha-Po", "cubic", _fixed((0, 0, 0, 0))),
    Lattice("fcc", ("A1", "face-centered-cubic"), "Fm-3m, Cu", "cubic", _fixed((0, 0, 0, 0)), centring=_F),
    Lattice("bcc", ("A2", "body-centered-cubic"), "Im-3m, W", "cubic", _fixed((0, 0, 0, 0)), centring=_I),
    Lattice(
        "diamond",
        ("A4", "dia"),
        "Fd-3m, C",
        "cubic",
        _fixed((0, 0, 0, 0), (0, 0.25, 0.25, 0.25)),
        centring=_F,
    ),
    Lattice(
        "hcp",
        ("A3",),
        "P6_3/mmc, Mg",
        "hexagonal",
        _fixed((0, 0, 0, 0), (0, _T, 2 * _T, 0.5)),
        ca_ratio=_CLOSE,
    ),
    Lattice(
        "dhcp",
        ("A3'", "double-hcp"),
        "P6_3/mmc, La",
        "hexagonal",
        _fixed((0, 0, 0, 0), (0, _T, 2 * _T, 0.25), (0, 0, 0, 0.5), (0, 2 * _T, _T, 0.75)),
        ca_ratio=2 * _CLOSE,
    ),
    Lattice(
        "omega",
        (),
        "P6/mmm, omega-Ti",
        "hexagonal",
        _fixed((0, 0, 0, 0), (0, _T, 2 * _T, 0.5), (0, 2 * _T, _T, 0.5)),
        ca_ratio=sqrt(3 / 8),
    ),
    Lattice(
        "beta-Sn",
        ("A5", "bSn"),
        "I4_1/amd, beta-Sn",
        "tetragonal",
        _fixed((0, 0, 0, 0), (0, 0, 0.5, 0.25)),
        centring=_I,
    ),
    Lattice(
        "A15",
        ("beta-W", "bW"),
        "Pm-3n, beta-W",
        "cubic",
        _fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0.5), *((0, *site) for site in _CHAINS)),
    ),
    Lattice("simple-hexagonal", ("sh", "A_f", "Af"), "P6/mmm, gamma-HgSn", "hexagonal", _fixed((0, 0, 0, 0))),
    Lattice(
        "graphite",
        ("A9",),
        "P6_3/mmc, C",
        "hexagonal",
        _fixed((0, 0, 0, 0.25), (0, 0, 0, 0.75), (0, _T, 2 * _T, 0.25), (0, 2 * _T, _T, 0.75)),
    ),
    Lattice("graphene", (), "p6mm, a layer of graphite", "layer", _fixed((0, 0, 0, 0), (0, _T, 2 * _T, 0))),
)

COMPOUNDS = (
    Lattice("dimer", (), "two atoms, not periodic", "dimer", _fixed((0, 0, 0, 0), (1, 1, 0, 0)), 2),
    Lattice(
        "B1", ("rocksalt", "NaCl"), "Fm-3m, NaCl", "cubic", _fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5)), 2, _F
    ),
    Lattice("B2", ("CsCl",), "Pm-3m, CsCl", "cubic", _fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5)), 2),
    Lattice(
        "B3",
        ("zincblende", "sphalerite", "ZnS"),
        "F-43m, ZnS",
        "cubic",
        _fixed((0, 0, 0, 0), (1, 0.25, 0.25, 0.25)),
        2,
        _F,
    ),
    Lattice(
        "B4",
        ("wurtzite",),
        "P6_3mc, ZnS",
        "hexagonal",
        _wurtzite,
        2,
        ca_ratio=_CLOSE,
        internal={"u": 0.375},
    ),
    Lattice(
        "B8_1",
        ("B81", "NiAs"),
        "P6_3/mmc, NiAs; A at the origin",
        "hexagonal",
        _fixed((0, 0, 0, 0), (0, 0, 0, 0.5), (1, _T, 2 * _T, 0.25), (1, 2 * _T, _T, 0.75)),
        2,
    ),
    Lattice("B_h", ("Bh", "WC"), "P-6m2, WC", "hexagonal", _fixed((0, 0, 0, 0), (1, _T, 2 * _T, 0.5)), 2),
    Lattice(
        "C1",
        ("fluorite", "CaF2"),
        "Fm-3m, CaF2 (AB2)",
        "cubic",
        _fixed((0, 0, 0, 0), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)),
        2,
        _F,
    ),
    Lattice(
        "C3",
        ("cuprite", "Cu2O"),
        "Pn-3m, Cu2O (A oxygen, B copper: AB2)",
        "cubic",
        _fixed(
            (0, 0, 0, 0),
            (0, 0.5, 0.5, 0.5),
            (1, 0.25, 0.25, 0.25),
            (1, 0.75, 0.75, 0.25),
            (1, 0.75, 0.25, 0.75),
            (1, 0.25, 0.75, 0.75),
        ),
        2,
    ),
    Lattice(
        "C4",
        ("rutile", "TiO2"),
        "P4_2/mnm, TiO2 (AB2)",
        "tetragonal",
        _rutile,
        2,
        internal={"u": 0.305},
    ),
    Lattice(
        "C8",
        ("alpha-quartz", "quartz", "SiO2"),
        "P3_221, SiO2 (AB2); Levien, Prewitt, Weidner, Am. Mineral. 65, 920 (1980)",
        "hexagonal",
        _quartz,
        2,
        ca_ratio=1.1001,
        internal={"u": 0.4697, "x": 0.4135, "y": 0.2669, "z": 0.7858},
    ),
    Lattice(
        "C11_b",
        ("C11b", "MoSi2"),
        "I4/mmm, MoSi2 (AB2)",
        "tetragonal",
        _molybdenum_silicide,
        2,
        _I,
        internal={"z": _T},
    ),
    Lattice(
        "C14",
        ("MgZn2",),
        "P6_3/mmc, MgZn2 (AB2)",
        "hexagonal",
        _magnesium_zinc,
        2,
        ca_ratio=_CLOSE,
        internal={"x": 5 / 6, "z": 1 / 16},
    ),
    Lattice(
        "C15",
        ("MgCu2",),
        "Fd-3m, MgCu2 (AB2)",
        "cubic",
        _fixed((0, 0, 0, 0), (0, 0.25, 0.25, 0.25), *_LAVES),
        2,
        _F,
    ),
    Lattice(
        "C32",
        ("AlB2",),
        "P6/mmm, AlB2 (AB2)",
        "hexagonal",
        _fixed((0, 0, 0, 0), (1, _T, 2 * _T, 0.5), (1, 2 * _T, _T, 0.5)),
        2,
    ),
    Lattice(
        "Cr3Si",
        ("A15-AB3", "Nb3Sn"),
        "Pm-3n, Cr3Si (A silicon, B chromium: AB3)",
        "cubic",
        _fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0.5), *((1, *site) for site in _CHAINS)),
        2,
    ),
    Lattice(
        "D0_3",
        ("D03", "BiF3"),
        "Fm-3m, BiF3 (AB3)",
        "cubic",
        _fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)),
        2,
        _F,
    ),
    Lattice(
        "D0_19",
        ("D019", "Ni3Sn"),
        "P6_3/mmc, Ni3Sn (A tin, B nickel: AB3)",
        "hexagonal",
        _nickel_tin,
        2,
        ca_ratio=_CLOSE / 2,
        internal={"x": 5 / 6},
    ),
    Lattice(
        "D0_22",
        ("D022", "Al3Ti"),
        "I4/mmm, Al3Ti (A titanium, B aluminium: AB3)",
        "tetragonal",
        _fixed((0, 0, 0, 0), (1, 0, 0, 0.5), (1, 0, 0.5, 0.25), (1, 0.5, 0, 0.25)),
        2,
        _I,
    ),
    Lattice(
        "D8_a",
        ("D8a", "Th6Mn23"),
        "Fm-3m, Th6Mn23 (A thorium, B manganese: A6B23); Florio et al., Acta Cryst. 5, 449 (1952)",
        "cubic",
        _thorium_manganese,
        2,
        _F,
        internal={"x": 0.203, "y": 0.378, "z": 0.178},
    ),
    Lattice(
        "L1_0",
        ("L10", "CuAu"),
        "P4/mmm, CuAu (the cell of four atoms)",
        "tetragonal",
        _fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0), (1, 0.5, 0, 0.5), (1, 0, 0.5, 0.5)),
        2,
    ),
    Lattice(
        "L1_1",
        ("L11", "CuPt"),
        "R-3m, CuPt with cubic angles",
        "cubic",
        _fixed((0, 0, 0, 0), (1, 1, 1, 1)),
        2,
        "rhombohedral",
    ),
    Lattice(
        "L1_2",
        ("L12", "Cu3Au"),
        "Pm-3m, Cu3Au (A gold, B copper: AB3)",
        "cubic",
        _fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0), (1, 0.5, 0, 0.5), (1, 0, 0.5, 0.5)),
        2,
    ),
)

LATTICES = ELEMENTS + COMPOUNDS
