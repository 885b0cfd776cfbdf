"""Bond-order potentials said again in NumPy, by visiting every bond and every third atom of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.physics.oracle_cells import Pairs

Table = dict[str, NDArray[Any]]

PI = np.longdouble("3.14159265358979323846264338327950288")


def _angle_in_cutoff(r: NDArray[Any], middle: NDArray[Any], half_width: NDArray[Any]) -> NDArray[Any]:
    """Return pi/2 (r - R)/D, held at its ends."""
    found: NDArray[Any] = PI / 2 * np.clip((r - middle) / half_width, -1, 1)
    return found


def tersoff_cutoff(r: NDArray[Any], middle: NDArray[Any], half_width: NDArray[Any]) -> Any:
    """Return the cut-off of Tersoff (1988), eq. 2d."""
    return (1 - np.sin(_angle_in_cutoff(r, middle, half_width))) / 2


def murty_cutoff(r: NDArray[Any], middle: NDArray[Any], half_width: NDArray[Any]) -> Any:
    """Return the cut-off of Murty and Atwater (1995)."""
    angle = _angle_in_cutoff(r, middle, half_width)
    return np.longdouble(1) / 2 - 9 * np.sin(angle) / 16 - np.sin(3 * angle) / 16


def bond_order_energy(
    species: NDArray[np.int32],
    pairs: Pairs,
    vector: NDArray[Any],
    cutoff: Callable[..., Any],
    radial: Callable[..., tuple[Any, Any]],
    third: Callable[..., Any],
    order: Callable[..., Any],
    limits: tuple[NDArray[Any], NDArray[Any]],
) -> Any:
    """Return 1/2 sum_ij fc (repulsion - order(zeta) attraction), zeta a sum of fc times `third` over third atoms.

    Parameters
    ----------
    radial
        Repulsion and attraction from the species of a bond and its length.
    third
        From the species of bond and third atom, the cosine and r_ij - r_ik.
    order
        From the species of a bond and zeta.
    limits
        R and D of the cut-off by centre, bonded neighbour and third atom.
    """
    bond = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    j = np.concatenate([pairs.first, pairs.second])
    k = np.concatenate([pairs.second, pairs.first])
    triplet = bond[0][j], bond[1][j], bond[1][k]
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    weight = cutoff(r[k], limits[0][triplet], limits[1][triplet])
    zeta = np.zeros_like(r)
    np.add.at(zeta, j, np.where(weight > 0, weight, 0) * third(triplet, cosine, r[j] - r[k]))
    own = (*bond, bond[1])
    repulsion, attraction = radial(bond, r)
    inside = cutoff(r, limits[0][own], limits[1][own])
    return (inside * (repulsion - order(bond, zeta) * attraction)).sum() / 2


def tersoff(species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: Table) -> Any:
    """Return the energy of Tersoff (1988), eqs. 2 and 3, with the columns of LAMMPS' files."""

    def radial(bond: Any, r: Any) -> tuple[Any, Any]:
        a, b = (table[x][bond] * np.exp(-table[y][bond] * r) for x, y in (("A", "lambda1"), ("B", "lambda2")))
        return a, b

    def third(triplet: Any, cosine: Any, difference: Any) -> Any:
        gamma, c, d, h, decay, m = (
            table[name][triplet] for name in ("gamma", "c", "d", "costheta0", "lambda3", "m")
        )
        return _tersoff_third(gamma, c, d, h - cosine, (decay * difference) ** m.astype(int))

    def order(bond: Any, zeta: Any) -> Any:
        n = table["n"][bond]
        return (1 + (table["beta"][bond] * zeta) ** n) ** (-1 / (2 * n))

    limits = table["R"], table["D"]
    return bond_order_energy(species, pairs, vector, tersoff_cutoff, radial, third, order, limits)


def _tersoff_third(gamma: Any, c: Any, d: Any, x: Any, exponent: Any) -> Any:
    return gamma * (1 + c**2 / d**2 - c**2 / (d**2 + x**2)) * np.exp(exponent)


def abop(species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: Table) -> Any:
    """Return the energy of Albe, Nordlund and Averback (2002), eqs. 1-7, without going through Tersoff's names."""

    def radial(bond: Any, r: Any) -> tuple[Any, Any]:
        depth, s, beta, r0 = (table[name][bond] for name in ("D0", "S", "beta", "r0"))
        repulsion = depth / (s - 1) * np.exp(-beta * np.sqrt(2 * s) * (r - r0))
        return repulsion, s * depth / (s - 1) * np.exp(-beta * np.sqrt(2 / s) * (r - r0))

    def third(triplet: Any, cosine: Any, difference: Any) -> Any:
        gamma, c, d, h, decay, m = (table[name][triplet] for name in ("gamma", "c", "d", "h", "twomu", "m"))
        return _tersoff_third(gamma, c, d, h + cosine, (decay * difference) ** m.astype(int))

    def order(bond: Any, zeta: Any) -> Any:
        n = table["powern"][bond]
        return (1 + (table["beta2"][bond] * zeta) ** n) ** (-1 / (2 * n))

    limits = table["bigr"], table["bigd"]
    return bond_order_energy(species, pairs, vector, tersoff_cutoff, radial, third, order, limits)


def tersoff_mod(species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: Table) -> Any:
    """Return the energy of Kumagai et al. (2007), eqs. 1-9."""

    def radial(bond: Any, r: Any) -> tuple[Any, Any]:
        a, b = (table[x][bond] * np.exp(-table[y][bond] * r) for x, y in (("A", "lambda1"), ("B", "lambda2")))
        return a, b

    def third(triplet: Any, cosine: Any, difference: Any) -> Any:
        c1, c2, c3, c4, c5 = (table[f"c{k}"][triplet] for k in range(1, 6))
        y = (table["h"][triplet] - cosine) ** 2
        angular = c1 + c2 * y / (c3 + y) * (1 + c4 * np.exp(-c5 * y))
        return angular * np.exp((table["alpha"][triplet] * difference) ** table["beta"][triplet].astype(int))

    def order(bond: Any, zeta: Any) -> Any:
        return (1 + zeta ** table["eta"][bond]) ** (-1 / (2 * table["n"][bond]))

    limits = table["R"], table["D"]
    return bond_order_energy(species, pairs, vector, murty_cutoff, radial, third, order, limits)
