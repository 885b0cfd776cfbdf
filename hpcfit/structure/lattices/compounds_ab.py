"""Lattices of two species, AB."""

from __future__ import annotations

from collections.abc import Mapping

from hpcfit.records import LatticeForm, Site
from hpcfit.structure.lattices._sites import CLOSE, FACE, THIRD, fixed


def _wurtzite(v: Mapping[str, float]) -> list[Site]:
    u = v["u"]
    return [
        (0, THIRD, 2 * THIRD, 0),
        (0, 2 * THIRD, THIRD, 0.5),
        (1, THIRD, 2 * THIRD, u),
        (1, 2 * THIRD, THIRD, 0.5 + u),
    ]


RECORDS = (
    LatticeForm(
        "B1", ("rocksalt", "NaCl"), "Fm-3m, NaCl", "cubic", fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5)), 2, FACE
    ),
    LatticeForm("B2", ("CsCl",), "Pm-3m, CsCl", "cubic", fixed((0, 0, 0, 0), (1, 0.5, 0.5, 0.5)), 2),
    LatticeForm(
        "B3",
        ("zincblende", "sphalerite", "ZnS"),
        "F-43m, ZnS",
        "cubic",
        fixed((0, 0, 0, 0), (1, 0.25, 0.25, 0.25)),
        2,
        FACE,
    ),
    LatticeForm(
        "B4",
        ("wurtzite",),
        "P6_3mc, ZnS",
        "hexagonal",
        _wurtzite,
        2,
        ca_ratio=CLOSE,
        internal={"u": 0.375},
    ),
    LatticeForm(
        "B8_1",
        ("B81", "NiAs"),
        "P6_3/mmc, NiAs; A at the origin",
        "hexagonal",
        fixed((0, 0, 0, 0), (0, 0, 0, 0.5), (1, THIRD, 2 * THIRD, 0.25), (1, 2 * THIRD, THIRD, 0.75)),
        2,
    ),
    LatticeForm(
        "B_h", ("Bh", "WC"), "P-6m2, WC", "hexagonal", fixed((0, 0, 0, 0), (1, THIRD, 2 * THIRD, 0.5)), 2
    ),
    LatticeForm(
        "L1_0",
        ("L10", "CuAu"),
        "P4/mmm, CuAu (the cell of four atoms)",
        "tetragonal",
        fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0), (1, 0.5, 0, 0.5), (1, 0, 0.5, 0.5)),
        2,
    ),
    LatticeForm(
        "L1_1",
        ("L11", "CuPt"),
        "R-3m, CuPt with cubic angles",
        "cubic",
        fixed((0, 0, 0, 0), (1, 1, 1, 1)),
        2,
        "rhombohedral",
    ),
)
