"""Every potential said again in NumPy, from the literature: sums over pairs and triplets, in extended precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle_bond_order import abop, tersoff, tersoff_mod
from oracle_cells import Pairs, Structure, find_pairs, vectors
from oracle_samples import FORMS, kernel_of, reaches

Oracle = Callable[[NDArray[np.int32], Pairs, NDArray[Any], dict[str, NDArray[Any]]], Any]


def lennard_jones(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return 4 epsilon [(sigma/r)^12 - (sigma/r)^6] summed over unordered pairs closer than the cut-off."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    s = table["sigma"][kind] / r
    inside = r < table["cutoff"][kind]
    return (4 * table["epsilon"][kind] * (s**12 - s**6) * inside).sum() / 2


def born_mayer_huggins(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Fumi and Tosi (1964) without charges and with +D, summed over unordered pairs."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    repulsion = p["A"] * np.exp((p["sigma"] - r) / p["rho"])
    return ((repulsion - p["C"] / r**6 + p["D"] / r**8) * (r < p["cutoff"])).sum() / 2


def buckingham(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return A exp(-r/rho) - C/r^6 summed over unordered pairs closer than the cut-off."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    return ((p["A"] * np.exp(-r / p["rho"]) - p["C"] / r**6) * (r < p["cutoff"])).sum() / 2


def morse(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Morse (1929), eq. 4, summed over unordered pairs closer than the cut-off."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    x = p["alpha"] * (r - p["r0"])
    return (p["D0"] * (np.exp(-2 * x) - 2 * np.exp(-x)) * (r < p["cutoff"])).sum() / 2


def chebyshev(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Lindsey, Fried and Goldman's (2017) pair energies, by powers of the transformed distance."""
    r = np.sqrt((vector**2).sum(axis=1))
    p = {name: values[species[pairs.atom], species[pairs.other]] for name, values in table.items()}
    near, far = np.exp(-p["inner"] / p["decay"]), np.exp(-p["cutoff"] / p["decay"])
    s = (2 * np.exp(-r / p["decay"]) - near - far) / (near - far)
    polynomials = (1, s, 2 * s**2 - 1, 4 * s**3 - 3 * s, 8 * s**4 - 8 * s**2 + 1)
    total = sum(p[f"c{k}"] * polynomial for k, polynomial in enumerate(polynomials))
    return (total * np.maximum(1 - r / p["cutoff"], 0) ** 3).sum() / 2


def stillinger_weber(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return the energy of Stillinger and Weber (1985), eqs. 2.2-2.5, by visiting every triplet."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    inside = r < table["cutoff"][kind]
    gap = np.where(inside, r - table["cutoff"][kind], -1)
    s = table["sigma"][kind]
    power = table["B"][kind] * (s / r) ** table["p"][kind] - (s / r) ** table["q"][kind]
    two = (table["A"][kind] * power * np.exp(s / gap) * inside).sum() / 2
    g = np.exp(table["gamma"][kind] / gap) * inside
    j, k = pairs.first, pairs.second
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    triplet = species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]
    return two + (table["lambda"][triplet] * (cosine - table["costheta0"][triplet]) ** 2 * g[j] * g[k]).sum()


def edip(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return the energy of Justo et al. (1998), eqs. 1-9, by visiting every pair in both orders and every triplet."""
    r = np.sqrt((vector**2).sum(axis=1))
    kind = species[pairs.atom], species[pairs.other]
    p = {name: values[kind] for name, values in table.items() if values.ndim == 2}
    inside = r < p["cutoffA"]
    gap = np.where(inside, r - p["cutoffA"], -1)
    x = (r - p["cutoffC"]) / (p["cutoffA"] - p["cutoffC"])
    between = np.where(inside & (x > 0), x, 0.5)
    f = np.where(x > 0, np.exp(p["alpha"] / (1 - between**-3)), 1) * inside
    coordination = np.zeros(len(species), dtype=vector.dtype)
    np.add.at(coordination, pairs.atom, f)
    bond = (p["B"] / r) ** p["rho"] - np.exp(-p["beta"] * coordination[pairs.atom] ** 2)
    two = (p["A"] * bond * np.exp(p["sigma"] / gap) * inside).sum()
    g = np.exp(p["gamma"] / gap) * inside
    j, k = pairs.first, pairs.second
    t = {
        name: values[species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]]
        for name, values in table.items()
        if values.ndim == 3
    }
    z = coordination[pairs.atom[j]]
    tau = t["u1"] + t["u2"] * (t["u3"] * np.exp(-t["u4"] * z) - np.exp(-2 * t["u4"] * z))
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    square = t["Q0"] * np.exp(-t["mu"] * z) * (cosine + tau) ** 2
    return two + (g[j] * g[k] * t["lambda"] * (1 - np.exp(-square) + t["eta"] * square)).sum()


def one_body(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return the sum of the species' energies; atoms do not see each other."""
    return table["energy"][species].sum()


def _applied(functions: NDArray[Any], species: tuple[NDArray[np.int32], ...], x: NDArray[Any]) -> Any:
    """Return at every argument x the value of the function for its combination of species."""
    found = np.zeros(x.shape, dtype=x.dtype)
    for tuple_ in np.ndindex(functions.shape):
        chosen = np.logical_and.reduce([s == t for s, t in zip(species, tuple_, strict=True)])
        found[chosen] = functions[tuple_](x[chosen])
    return found


def eam(
    species: NDArray[np.int32],
    pairs: Pairs,
    vector: NDArray[Any],
    table: dict[str, NDArray[Any]],
    angular: Any = 0.0,
) -> Any:
    """Return Daw and Baskes (1984), eqs. 8 and 9, with a density per host and neighbour, `angular` added to it."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    rho = np.zeros(len(species), dtype=r.dtype) + angular
    np.add.at(rho, pairs.atom, _applied(table["electron-density"], kind, r))
    embedding = _applied(table["embedding-energy"], (species,), rho).sum()
    return _applied(table["pair-interaction"], kind, r).sum() / 2 + embedding


def adp(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Mishin, Mehl and Papaconstantopoulos (2005), eqs. 1-5."""
    kind = species[pairs.atom], species[pairs.other]
    r = np.sqrt((vector**2).sum(axis=1))
    mu, lamda = np.zeros((len(species), 3), dtype=r.dtype), np.zeros((len(species), 3, 3), dtype=r.dtype)
    np.add.at(mu, pairs.atom, _applied(table["u-function"], kind, r)[:, None] * vector)
    squares = vector[:, :, None] * vector[:, None, :]
    np.add.at(lamda, pairs.atom, _applied(table["w-function"], kind, r)[:, None, None] * squares)
    trace = np.trace(lamda, axis1=1, axis2=2)
    angular = (mu**2).sum() / 2 + (lamda**2).sum() / 2 - (trace**2).sum() / 6
    return eam(species, pairs, vector, table) + angular


def meam(
    species: NDArray[np.int32], pairs: Pairs, vector: NDArray[Any], table: dict[str, NDArray[Any]]
) -> Any:
    """Return Lenosky et al. (2000), eqs. 1 and 2, by visiting every triplet."""
    r = np.sqrt((vector**2).sum(axis=1))
    f = _applied(table["f-function"], (species[pairs.atom], species[pairs.other]), r)
    j, k = pairs.first, pairs.second
    cosine = (vector[j] * vector[k]).sum(axis=1) / (r[j] * r[k])
    triplet = species[pairs.atom[j]], species[pairs.other[j]], species[pairs.other[k]]
    angular = np.zeros(len(species), dtype=r.dtype)
    np.add.at(angular, pairs.atom[j], f[j] * f[k] * _applied(table["g-function"], triplet, cosine))
    return eam(species, pairs, vector, table, angular)


ORACLES: dict[str, Oracle] = {
    "abop": abop,
    "adp": adp,
    "born-mayer-huggins": born_mayer_huggins,
    "buckingham": buckingham,
    "chebyshev": chebyshev,
    "eam": eam,
    "edip": edip,
    "lennard-jones": lennard_jones,
    "meam": meam,
    "morse": morse,
    "one-body": one_body,
    "stillinger-weber": stillinger_weber,
    "tersoff": tersoff,
    "tersoff-mod": tersoff_mod,
}


def oracle_energy(name: str, structure: Structure, table: dict[str, NDArray[Any]]) -> Any:
    """Return the energy of one structure in extended precision, eV."""
    pairs = find_pairs(structure, float(reaches(FORMS[name], table).max()))
    return ORACLES[kernel_of(name)](structure.species, pairs, vectors(structure, pairs), table)


def oracle_function(name: str, structure: Structure, table: dict[str, NDArray[Any]]) -> Callable[..., Any]:
    """Return the energy as a function of small displacements [n, 3] and a strain [3, 3], at fixed neighbours."""
    pairs = find_pairs(structure, float(reaches(FORMS[name], table).max()))
    start = vectors(structure, pairs)

    def energy(displacement: NDArray[Any], strain: NDArray[Any]) -> Any:
        moved = start + displacement[pairs.other] - displacement[pairs.atom]
        return ORACLES[kernel_of(name)](structure.species, pairs, moved @ (np.eye(3) + strain), table)

    return energy
