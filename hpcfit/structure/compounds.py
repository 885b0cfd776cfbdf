"""Lattices of two species, and the dimer."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from hpcfit.structure.lattice import BODY, CHAINS, CLOSE, FACE, THIRD, Lattice, Site, fixed


def _signs(x: float) -> list[tuple[float, float, float]]:
    return [(a, b, c) for a, b, c in itertools.product((x, -x), repeat=3)]


def _wurtzite(v: Mapping[str, float]) -> list[Site]:
    u = v["u"]
    return [
        (0, THIRD, 2 * THIRD, 0),
        (0, 2 * THIRD, THIRD, 0.5),
        (1, THIRD, 2 * THIRD, u),
        (1, 2 * THIRD, THIRD, 0.5 + u),
    ]


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
    return [(0, THIRD, 2 * THIRD, 0.25), (0, 2 * THIRD, THIRD, 0.75), *_six_h(1, v["x"])]


def _magnesium_zinc(v: Mapping[str, float]) -> list[Site]:
    z = v["z"]
    large = [
        (THIRD, 2 * THIRD, z),
        (2 * THIRD, THIRD, 0.5 + z),
        (2 * THIRD, THIRD, -z),
        (THIRD, 2 * THIRD, 0.5 - z),
    ]
    small: list[Site] = [(1, 0, 0, 0), (1, 0, 0, 0.5)]
    return [*((0, *site) for site in large), *small, *_six_h(1, v["x"])]


def _thorium_manganese(v: Mapping[str, float]) -> list[Site]:
    e = v["x"]
    octahedron = [(e, 0, 0), (-e, 0, 0), (0, e, 0), (0, -e, 0), (0, 0, e), (0, 0, -e)]
    edges = [(0, 0.25, 0.25), (0, 0.25, 0.75)]
    turned = [(x, y, z) for a, b, c in edges for x, y, z in ((a, b, c), (c, a, b), (b, c, a))]
    manganese = [(0.5, 0.5, 0.5), *turned, *_signs(v["y"]), *_signs(v["z"])]
    return [*((0, *site) for site in octahedron), *((1, *site) for site in manganese)]


def _quartz(v: Mapping[str, float]) -> list[Site]:
    """3a and 6c of P3_221."""
    u, x, y, z = v["u"], v["x"], v["y"], v["z"]
    silicon: list[Site] = [(0, u, 0, 2 * THIRD), (0, 0, u, THIRD), (0, -u, -u, 0)]
    turned = [(x, y, z), (-y, x - y, z + 2 * THIRD), (y - x, -x, z + THIRD)]
    flipped = [(y, x, -z), (x - y, -y, THIRD - z), (-x, y - x, 2 * THIRD - z)]
    return [*silicon, *((1, *site) for site in turned + flipped)]


_LAVES = [
    (1, 0.625, 0.625, 0.625),
    (1, 0.625, 0.875, 0.875),
    (1, 0.875, 0.625, 0.875),
    (1, 0.875, 0.875, 0.625),
]

COMPOUNDS = (
    Lattice("dimer", (), "two atoms, not periodic", "dimer", fixed((0, 0, 0, 0), (1, 1, 0, 0)), 2),
    Lattice(
        "B1", ("rocksalt", "NaCl"), "Fm-3m, NaCl", "cubic", fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5)), 2, FACE
    ),
    Lattice("B2", ("CsCl",), "Pm-3m, CsCl", "cubic", fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5)), 2),
    Lattice(
        "B3",
        ("zincblende", "sphalerite", "ZnS"),
        "F-43m, ZnS",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.25, 0.25, 0.25)),
        2,
        FACE,
    ),
    Lattice(
        "B4",
        ("wurtzite",),
        "P6_3mc, ZnS",
        "hexagonal",
        _wurtzite,
        2,
        ca_ratio=CLOSE,
        internal={"u": 0.375},
    ),
    Lattice(
        "B8_1",
        ("B81", "NiAs"),
        "P6_3/mmc, NiAs; A at the origin",
        "hexagonal",
        fixed((0, 0, 0, 0), (0, 0, 0, 0.5), (1, THIRD, 2 * THIRD, 0.25), (1, 2 * THIRD, THIRD, 0.75)),
        2,
    ),
    Lattice(
        "B_h", ("Bh", "WC"), "P-6m2, WC", "hexagonal", fixed((0, 0, 0, 0), (1, THIRD, 2 * THIRD, 0.5)), 2
    ),
    Lattice(
        "C1",
        ("fluorite", "CaF2"),
        "Fm-3m, CaF2 (AB2)",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)),
        2,
        FACE,
    ),
    Lattice(
        "C3",
        ("cuprite", "Cu2O"),
        "Pn-3m, Cu2O (A oxygen, B copper: AB2)",
        "cubic",
        fixed(
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
        BODY,
        internal={"z": THIRD},
    ),
    Lattice(
        "C14",
        ("MgZn2",),
        "P6_3/mmc, MgZn2 (AB2)",
        "hexagonal",
        _magnesium_zinc,
        2,
        ca_ratio=CLOSE,
        internal={"x": 5 / 6, "z": 1 / 16},
    ),
    Lattice(
        "C15",
        ("MgCu2",),
        "Fd-3m, MgCu2 (AB2)",
        "cubic",
        fixed((0, 0, 0, 0), (0, 0.25, 0.25, 0.25), *_LAVES),
        2,
        FACE,
    ),
    Lattice(
        "C32",
        ("AlB2",),
        "P6/mmm, AlB2 (AB2)",
        "hexagonal",
        fixed((0, 0, 0, 0), (1, THIRD, 2 * THIRD, 0.5), (1, 2 * THIRD, THIRD, 0.5)),
        2,
    ),
    Lattice(
        "Cr3Si",
        ("A15-AB3", "Nb3Sn"),
        "Pm-3n, Cr3Si (A silicon, B chromium: AB3)",
        "cubic",
        fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0.5), *((1, *site) for site in CHAINS)),
        2,
    ),
    Lattice(
        "D0_3",
        ("D03", "BiF3"),
        "Fm-3m, BiF3 (AB3)",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)),
        2,
        FACE,
    ),
    Lattice(
        "D0_19",
        ("D019", "Ni3Sn"),
        "P6_3/mmc, Ni3Sn (A tin, B nickel: AB3)",
        "hexagonal",
        _nickel_tin,
        2,
        ca_ratio=CLOSE / 2,
        internal={"x": 5 / 6},
    ),
    Lattice(
        "D0_22",
        ("D022", "Al3Ti"),
        "I4/mmm, Al3Ti (A titanium, B aluminium: AB3)",
        "tetragonal",
        fixed((0, 0, 0, 0), (1, 0, 0, 0.5), (1, 0, 0.5, 0.25), (1, 0.5, 0, 0.25)),
        2,
        BODY,
    ),
    Lattice(
        "D8_a",
        ("D8a", "Th6Mn23"),
        "Fm-3m, Th6Mn23 (A thorium, B manganese: A6B23); Florio et al., Acta Cryst. 5, 449 (1952)",
        "cubic",
        _thorium_manganese,
        2,
        FACE,
        internal={"x": 0.203, "y": 0.378, "z": 0.178},
    ),
    Lattice(
        "L1_0",
        ("L10", "CuAu"),
        "P4/mmm, CuAu (the cell of four atoms)",
        "tetragonal",
        fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0), (1, 0.5, 0, 0.5), (1, 0, 0.5, 0.5)),
        2,
    ),
    Lattice(
        "L1_1",
        ("L11", "CuPt"),
        "R-3m, CuPt with cubic angles",
        "cubic",
        fixed((0, 0, 0, 0), (1, 1, 1, 1)),
        2,
        "rhombohedral",
    ),
    Lattice(
        "L1_2",
        ("L12", "Cu3Au"),
        "Pm-3m, Cu3Au (A gold, B copper: AB3)",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0), (1, 0.5, 0, 0.5), (1, 0, 0.5, 0.5)),
        2,
    ),
)
