"""LAMMPS' ``tersoff``, from Tersoff's own parameters or from those of Brenner and Albe, and ``tersoff/mod``."""

from __future__ import annotations

import math

from hpcfit.lammps import TERSOFF, TERSOFF_MOD
from hpcfit.output.export.columns import refuse_negative, write_columns
from hpcfit.output.export.source import Source, Written

#: The cut-off of the third atom is read from the triplet's entry: where it belongs to a pair, that of centre and third.
_OF_THE_THIRD = ("R", "D", "bigr", "bigd")


def write(source: Source) -> Written:
    """Return the file of a Tersoff potential."""
    refuse_negative(source, ("gamma", "c", "d", "n", "beta", "lambda2", "B", "R", "D", "lambda1", "A"))
    return write_columns(source, "tersoff", TERSOFF, _entry)


def write_abop(source: Source) -> Written:
    """Return the file of an analytic bond-order potential, converted.

    lambda1 = beta sqrt(2S), lambda2 = beta sqrt(2/S), A = D0/(S-1) exp(lambda1 r0), B = S D0/(S-1) exp(lambda2 r0),
    costheta0 = -h; K. Albe, K. Nordlund and R. S. Averback, Phys. Rev. B 65, 195124 (2002), eqs. 2-5.
    """
    refuse_negative(source, ("gamma", "c", "d", "powern", "beta2", "bigr", "bigd", "D0", "beta"))
    return write_columns(source, "tersoff", TERSOFF, _abop_entry)


def write_mod(source: Source) -> Written:
    """Return the file of a Tersoff potential as modified by Kumagai; LAMMPS' column beta_ters is always 1."""
    refuse_negative(source, ("R", "D", "lambda2", "B", "lambda1", "A", "n"))
    return write_columns(source, "tersoff/mod", TERSOFF_MOD, _mod_entry)


def _value(source: Source, name: str, i: int, j: int, k: int) -> float:
    of_pair = source.n_atoms(name) == 2
    return source.value(name, i, k) if of_pair and name in _OF_THE_THIRD else source.value(name, i, j, k)


def _entry(source: Source, i: int, j: int, k: int) -> list[float]:
    return [_value(source, name, i, j, k) for name in TERSOFF]


def _mod_entry(source: Source, i: int, j: int, k: int) -> list[float]:
    return [1.0 if name == "beta_ters" else _value(source, name, i, j, k) for name in TERSOFF_MOD]


def _abop_entry(source: Source, i: int, j: int, k: int) -> list[float]:
    value = {name: _value(source, name, i, j, k) for name in source.names}
    D0, S, r0, beta = (value[name] for name in ("D0", "S", "r0", "beta"))
    lambda1, lambda2 = beta * math.sqrt(2.0 * S), beta * math.sqrt(2.0 / S)
    repulsion = D0 / (S - 1.0) * math.exp(lambda1 * r0)
    attraction = S * D0 / (S - 1.0) * math.exp(lambda2 * r0)
    three_body = [value[name] for name in ("m", "gamma", "twomu", "c", "d")]
    bond_order = [-value["h"], value["powern"], value["beta2"]]
    return [*three_body, *bond_order, lambda2, attraction, value["bigr"], value["bigd"], lambda1, repulsion]
