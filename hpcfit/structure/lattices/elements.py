"""Lattices of one species."""

from __future__ import annotations

from math import sqrt

from hpcfit.records import LatticeForm
from hpcfit.structure.lattices._sites import BODY, CHAINS, CLOSE, FACE, THIRD, fixed

RECORDS = (
    LatticeForm("sc", ("simple-cubic", "A_h", "Ah"), "Pm-3m, alpha-Po", "cubic", fixed((0, 0, 0, 0))),
    LatticeForm(
        "fcc", ("A1", "face-centered-cubic"), "Fm-3m, Cu", "cubic", fixed((0, 0, 0, 0)), centring=FACE
    ),
    LatticeForm(
        "bcc", ("A2", "body-centered-cubic"), "Im-3m, W", "cubic", fixed((0, 0, 0, 0)), centring=BODY
    ),
    LatticeForm(
        "diamond",
        ("A4", "dia"),
        "Fd-3m, C",
        "cubic",
        fixed((0, 0, 0, 0), (0, 0.25, 0.25, 0.25)),
        centring=FACE,
    ),
    LatticeForm(
        "hcp",
        ("A3",),
        "P6_3/mmc, Mg",
        "hexagonal",
        fixed((0, 0, 0, 0), (0, THIRD, 2 * THIRD, 0.5)),
        ca_ratio=CLOSE,
    ),
    LatticeForm(
        "dhcp",
        ("A3'", "double-hcp"),
        "P6_3/mmc, La",
        "hexagonal",
        fixed((0, 0, 0, 0), (0, THIRD, 2 * THIRD, 0.25), (0, 0, 0, 0.5), (0, 2 * THIRD, THIRD, 0.75)),
        ca_ratio=2 * CLOSE,
    ),
    LatticeForm(
        "omega",
        (),
        "P6/mmm, omega-Ti",
        "hexagonal",
        fixed((0, 0, 0, 0), (0, THIRD, 2 * THIRD, 0.5), (0, 2 * THIRD, THIRD, 0.5)),
        ca_ratio=sqrt(3 / 8),
    ),
    LatticeForm(
        "beta-Sn",
        ("A5", "bSn"),
        "I4_1/amd, beta-Sn",
        "tetragonal",
        fixed((0, 0, 0, 0), (0, 0, 0.5, 0.25)),
        centring=BODY,
    ),
    LatticeForm(
        "A15",
        ("beta-W", "bW"),
        "Pm-3n, beta-W",
        "cubic",
        fixed((0, 0, 0, 0), (0, 0.5, 0.5, 0.5), *((0, *site) for site in CHAINS)),
    ),
    LatticeForm(
        "simple-hexagonal", ("sh", "A_f", "Af"), "P6/mmm, gamma-HgSn", "hexagonal", fixed((0, 0, 0, 0))
    ),
    LatticeForm(
        "graphite",
        ("A9",),
        "P6_3/mmc, C",
        "hexagonal",
        fixed((0, 0, 0, 0.25), (0, 0, 0, 0.75), (0, THIRD, 2 * THIRD, 0.25), (0, 2 * THIRD, THIRD, 0.75)),
    ),
    LatticeForm(
        "graphene", (), "p6mm, a layer of graphite", "layer", fixed((0, 0, 0, 0), (0, THIRD, 2 * THIRD, 0))
    ),
)
