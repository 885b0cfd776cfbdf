"""Lattices of two species, AB3 and A6B23."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from hpcfit.records import LatticeForm, Site
from hpcfit.structure.lattices._sites import BODY, CHAINS, CLOSE, FACE, THIRD, fixed, six_h


def _signs(x: float) -> list[tuple[float, float, float]]:
    return [(a, b, c) for a, b, c in itertools.product((x, -x), repeat=3)]


def _nickel_tin(v: Mapping[str, float]) -> list[Site]:
    return [(0, THIRD, 2 * THIRD, 0.25), (0, 2 * THIRD, THIRD, 0.75), *six_h(1, v["x"])]


def _thorium_manganese(v: Mapping[str, float]) -> list[Site]:
    e = v["x"]
    octahedron = [(e, 0, 0), (-e, 0, 0), (0, e, 0), (0, -e, 0), (0, 0, e), (0, 0, -e)]
    edges = [(0, 0.25, 0.25), (0, 0.25, 0.75)]
    turned = [(x, y, z) for a, b, c in edges for x, y, z in ((a, b, c), (c, a, b), (b, c, a))]
    manganese = [(0.5, 0.5, 0.5), *turned, *_signs(v["y"]), *_signs(v["z"])]
    return [*((0, *site) for site in octahedron), *((1, *site) for site in manganese)]


RECORDS = (
    LatticeForm(
        "Cr3Si",
        ("A15-AB3", "Nb3Sn"),
        "Pm-3n, Cr3Si (A silicon, B chromium: AB3)",
        "cubic",
        fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0.5), *((1, *site) for site in CHAINS)),
        2,
    ),
    LatticeForm(
        "D0_3",
        ("D03", "BiF3"),
        "Fm-3m, BiF3 (AB3)",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)),
        2,
        FACE,
    ),
    LatticeForm(
        "D0_19",
        ("D019", "Ni3Sn"),
        "P6_3/mmc, Ni3Sn (A tin, B nickel: AB3)",
        "hexagonal",
        _nickel_tin,
        2,
        ca_ratio=CLOSE / 2,
        internal={"x": 5 / 6},
    ),
    LatticeForm(
        "D0_22",
        ("D022", "Al3Ti"),
        "I4/mmm, Al3Ti (A titanium, B aluminium: AB3)",
        "tetragonal",
        fixed((0, 0, 0, 0), (1, 0, 0, 0.5), (1, 0, 0.5, 0.25), (1, 0.5, 0, 0.25)),
        2,
        BODY,
    ),
    LatticeForm(
        "D8_a",
        ("D8a", "Th6Mn23"),
        "Fm-3m, Th6Mn23 (A thorium, B manganese: A6B23); Florio et al., Acta Cryst. 5, 449 (1952)",
        "cubic",
        _thorium_manganese,
        2,
        FACE,
        internal={"x": 0.203, "y": 0.378, "z": 0.178},
    ),
    LatticeForm(
        "L1_2",
        ("L12", "Cu3Au"),
        "Pm-3m, Cu3Au (A gold, B copper: AB3)",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0), (1, 0.5, 0, 0.5), (1, 0, 0.5, 0.5)),
        2,
    ),
)
