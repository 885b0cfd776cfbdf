"""Lattices of two species, AB2."""

from __future__ import annotations

from collections.abc import Mapping

from hpcfit.records import LatticeForm, Site
from hpcfit.structure.lattices._sites import BODY, CLOSE, FACE, THIRD, fixed, six_h


def _rutile(v: Mapping[str, float]) -> list[Site]:
    u = v["u"]
    metal: list[Site] = [(0, 0, 0, 0), (0, 0.5, 0.5, 0.5)]
    return [*metal, (1, u, u, 0), (1, -u, -u, 0), (1, 0.5 + u, 0.5 - u, 0.5), (1, 0.5 - u, 0.5 + u, 0.5)]


def _molybdenum_silicide(v: Mapping[str, float]) -> list[Site]:
    return [(0, 0, 0, 0), (1, 0, 0, v["z"]), (1, 0, 0, -v["z"])]


def _magnesium_zinc(v: Mapping[str, float]) -> list[Site]:
    z = v["z"]
    large = [
        (THIRD, 2 * THIRD, z),
        (2 * THIRD, THIRD, 0.5 + z),
        (2 * THIRD, THIRD, -z),
        (THIRD, 2 * THIRD, 0.5 - z),
    ]
    small: list[Site] = [(1, 0, 0, 0), (1, 0, 0, 0.5)]
    return [*((0, *site) for site in large), *small, *six_h(1, v["x"])]


def _quartz(v: Mapping[str, float]) -> list[Site]:
    """Return the sites 3a and 6c of P3_221."""
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


RECORDS = (
    LatticeForm(
        "C1",
        ("fluorite", "CaF2"),
        "Fm-3m, CaF2 (AB2)",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.25, 0.25, 0.25), (1, 0.75, 0.75, 0.75)),
        2,
        FACE,
    ),
    LatticeForm(
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
    LatticeForm(
        "C4",
        ("rutile", "TiO2"),
        "P4_2/mnm, TiO2 (AB2)",
        "tetragonal",
        _rutile,
        2,
        internal={"u": 0.305},
    ),
    LatticeForm(
        "C8",
        ("alpha-quartz", "quartz", "SiO2"),
        "P3_221, SiO2 (AB2); Levien, Prewitt, Weidner, Am. Mineral. 65, 920 (1980)",
        "hexagonal",
        _quartz,
        2,
        ca_ratio=1.1001,
        internal={"u": 0.4697, "x": 0.4135, "y": 0.2669, "z": 0.7858},
    ),
    LatticeForm(
        "C11_b",
        ("C11b", "MoSi2"),
        "I4/mmm, MoSi2 (AB2)",
        "tetragonal",
        _molybdenum_silicide,
        2,
        BODY,
        internal={"z": THIRD},
    ),
    LatticeForm(
        "C14",
        ("MgZn2",),
        "P6_3/mmc, MgZn2 (AB2)",
        "hexagonal",
        _magnesium_zinc,
        2,
        ca_ratio=CLOSE,
        internal={"x": 5 / 6, "z": 1 / 16},
    ),
    LatticeForm(
        "C15",
        ("MgCu2",),
        "Fd-3m, MgCu2 (AB2)",
        "cubic",
        fixed((0, 0, 0, 0), (0, 0.25, 0.25, 0.25), *_LAVES),
        2,
        FACE,
    ),
    LatticeForm(
        "C32",
        ("AlB2",),
        "P6/mmm, AlB2 (AB2)",
        "hexagonal",
        fixed((0, 0, 0, 0), (1, THIRD, 2 * THIRD, 0.5), (1, 2 * THIRD, THIRD, 0.5)),
        2,
    ),
)
