"""Checks of configurations from any source: an import, a file, a program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.errors import Fault
from hpcfit.records import Configurations, IntArray, Missing
from hpcfit.units import LARGEST_WEIGHT, LONGEST


@dataclass(frozen=True)
class Defect:
    """One kind of fault and the configurations that have it (counted from 0, ascending)."""

    what: str
    at: IntArray

    def fault(self, path: str, first: int = 0) -> Fault:
        """Return the fault; `first` is the number of configuration 0 in the file `path`."""
        return Fault(f"{path}: configuration {first + self.at[0]}", self.what, count(len(self.at)))


def count(n: int) -> str:
    """Return how often a fault occurs, empty for one occurrence."""
    return f"{n} times, here first" if n > 1 else ""


def defects(configurations: Configurations) -> list[Defect]:
    """Return all defects of configurations.

    Parameters
    ----------
    configurations
        Arrays of consistent shapes.
    """
    c = configurations
    missing = {flag: (c.mask & flag.value) != 0 for flag in (Missing.ENERGY, Missing.FORCES, Missing.STRESS)}
    first_atom = c.ptr[:-1]
    bad = {
        "no atoms": np.diff(c.ptr) == 0,
        "energy is not finite": _not_finite(c.energy) & ~missing[Missing.ENERGY],
        "forces are not finite": _of_atoms(_not_finite(c.force), first_atom) & ~missing[Missing.FORCES],
        "stress is not finite": _not_finite(c.stress) & ~missing[Missing.STRESS],
        "positions are not finite": _of_atoms(_not_finite(c.position), first_atom),
        f"positions beyond {LONGEST:g} A, lengths are in A": _of_atoms(_beyond(c.position), first_atom),
        "cell is not finite": _not_finite(c.cell),
        f"cell vectors beyond {LONGEST:g} A, lengths are in A": _beyond(c.cell),
        "cell vectors of the periodic directions are missing or linearly dependent": _degenerate(
            c.cell, c.pbc
        ),
        "weight is negative or not finite": ~(np.isfinite(c.weight) & (c.weight >= 0)),
        f"weight above {LARGEST_WEIGHT:g}": np.isfinite(c.weight) & (c.weight > LARGEST_WEIGHT),
        "species is not in the list of species": _of_atoms(_outside(c.species, len(c.symbols)), first_atom),
        "group is not in the list of groups": _outside(c.group, len(c.groups)),
    }
    return [Defect(what, np.flatnonzero(flags)) for what, flags in bad.items() if flags.any()]


def _not_finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))


def _beyond(lengths: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows hold a finite length that no structure has."""
    beyond = np.isfinite(lengths) & (np.abs(lengths) > LONGEST)
    return np.asarray(beyond.any(axis=tuple(range(1, lengths.ndim))))


def _outside(index: NDArray[np.int32], n: int) -> NDArray[np.bool_]:
    return (index < 0) | (index >= n)


def _of_atoms(flags: NDArray[np.bool_], first_atom: IntArray) -> NDArray[np.bool_]:
    """Reduce flags of atoms to flags of configurations, by logical or."""
    if len(flags) == 0:
        return np.zeros(len(first_atom), dtype=np.bool_)
    # A configuration without atoms would get its neighbour's flag; it has its own fault.
    return np.logical_or.reduceat(flags, np.minimum(first_atom, len(flags) - 1))


def _degenerate(cell: NDArray[np.float64], pbc: NDArray[np.bool_]) -> NDArray[np.bool_]:
    with np.errstate(over="ignore"):
        periodic = np.clip(np.nan_to_num(cell), -LONGEST, LONGEST) * pbc[:, :, np.newaxis]
    return np.asarray(np.linalg.matrix_rank(periodic) < pbc.sum(axis=1))
