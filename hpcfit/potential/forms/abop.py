"""Analytic bond-order potential, which LAMMPS has as ``tersoff``.

lambda1 = beta sqrt(2S), lambda2 = beta sqrt(2/S), A = D0/(S-1) exp(lambda1 r0), B = S D0/(S-1) exp(lambda2 r0),
costheta0 = -h; K. Albe, K. Nordlund and R. S. Averback, Phys. Rev. B 65, 195124 (2002), eqs. 2-5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from hpcfit.potential.forms.tersoff import COLUMNS
from hpcfit.records import ColumnFile, FormRecord

#: Columns that are parameters with another name.
_NAMES = {"lambda3": "twomu", "beta": "beta2", "n": "powern", "R": "bigr", "D": "bigd"}
_NAMES |= {name: name for name in ("m", "gamma", "c", "d")}


def _read(entry: Mapping[str, float]) -> dict[str, float]:
    own = {name: entry[column] for column, name in _NAMES.items()}
    return own | {"h": -entry["costheta0"]} | _bond(entry)


def _bond(entry: Mapping[str, float]) -> dict[str, float]:
    """Return the dimer's parameters; empty if the two exponentials have no bond (three-body entries)."""
    A, B, lambda1, lambda2 = (entry[name] for name in ("A", "B", "lambda1", "lambda2"))
    if min(A, B, lambda2) <= 0 or lambda1 <= lambda2:
        return {}
    S = lambda1 / lambda2
    r0 = math.log(lambda1 * A / (lambda2 * B)) / (lambda1 - lambda2)
    D0 = A * (S - 1.0) * math.exp(-lambda1 * r0)
    return {"D0": D0, "S": S, "r0": r0, "beta": lambda1 / math.sqrt(2.0 * S)}


def _write(p: Mapping[str, float]) -> dict[str, float]:
    D0, S, r0, beta = (p[name] for name in ("D0", "S", "r0", "beta"))
    lambda1, lambda2 = beta * math.sqrt(2.0 * S), beta * math.sqrt(2.0 / S)
    return {column: p[name] for column, name in _NAMES.items()} | {
        "costheta0": -p["h"],
        "lambda1": lambda1,
        "lambda2": lambda2,
        "A": D0 / (S - 1.0) * math.exp(lambda1 * r0),
        "B": S * D0 / (S - 1.0) * math.exp(lambda2 * r0),
    }


RECORDS = (
    FormRecord(
        "abop",
        modes=("classic-mode",),
        never_fitted=("bigr", "bigd"),
        species_in_tags=True,
        lammps=ColumnFile(
            "lammps-tersoff",
            "tersoff",
            tuple(COLUMNS.split()),
            _read,
            _write,
            energies=("A", "B"),
            not_negative=("gamma", "c", "d", "powern", "beta2", "bigr", "bigd", "D0", "beta"),
        ),
    ),
)
