"""Errors of predictions, root mean square and mean absolute, per group of configurations and overall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray, Predictions

#: Name of the row over all groups of all datasets.
ALL = "all"

TRAINING, VALIDATION = "training", "validation"

ENERGY = "energy"  #: per atom, eV
FORCE = "force"  #: components, eV/Angstrom
STRESS = "stress"  #: components, eV/Angstrom^3

QUANTITIES = (ENERGY, FORCE, STRESS)


@dataclass(frozen=True)
class ErrorRow:
    """Errors of one quantity in one group.

    Parameters
    ----------
    group
        The group's name, prefixed with the dataset's id if there are several datasets; or `ALL`.
    quantity
        One of `QUANTITIES`, which define the unit.
    n
        Targets compared; never 0.
    rmse, mae
        NaN if a prediction is NaN.
    """

    group: str
    quantity: str
    n: int
    rmse: float
    mae: float
    is_total: bool = False  #: whether it sums up other rows


@dataclass(frozen=True)
class _Sums:
    """Count, sum of squares and sum of magnitudes, [n_groups] each."""

    n: NDArray[np.int64]
    squares: FloatArray
    magnitudes: FloatArray


def sets(predictions: Sequence[Predictions]) -> dict[str, list[Predictions]]:
    """Return the predictions with the targets of the training and the validation set alone, without an empty set.

    A target is of the training set if it is fitted. Run files of earlier versions do not tell: their set has no name.
    """
    if any(len(source.fitted) != len(source.configuration) for source in predictions):
        return {"": list(predictions)}
    apart = {
        TRAINING: [_only(source, source.fitted) for source in predictions],
        VALIDATION: [_only(source, ~source.fitted) for source in predictions],
    }
    return {name: own for name, own in apart.items() if error_rows(own)}


def _only(source: Predictions, chosen: NDArray[np.bool_]) -> Predictions:
    """Return predictions without the targets that are not chosen [n, 3]."""
    energy, forces, stress = chosen.T
    atoms = np.repeat(forces, np.diff(source.ptr))[:, np.newaxis]
    return replace(
        source,
        energy_target=np.where(energy, source.energy_target, np.nan),
        force_target=np.where(atoms, source.force_target, np.nan),
        stress_target=np.where(stress[:, np.newaxis], source.stress_target, np.nan),
    )


def error_rows(predictions: Sequence[Predictions]) -> list[ErrorRow]:
    """Return the errors per group in order, per dataset if there are several, and overall.

    Quantities without targets have no row.
    """
    rows: list[ErrorRow] = []
    everything = []
    for source in predictions:
        prefix = f"{source.source}/" if len(predictions) > 1 else ""
        sums = _sums(source)
        everything.append(sums)
        for k, name in enumerate(source.groups):
            for quantity in QUANTITIES:
                group = sums[quantity]
                rows += _row(prefix + name, quantity, group.n[k], group.squares[k], group.magnitudes[k])
        if prefix:
            rows += _total(prefix + ALL, [sums])
    return rows + _total(ALL, everything)


def _total(name: str, parts: Sequence[dict[str, _Sums]]) -> list[ErrorRow]:
    rows: list[ErrorRow] = []
    for quantity in QUANTITIES:
        n = sum(part[quantity].n.sum() for part in parts)
        squares = sum(part[quantity].squares.sum() for part in parts)
        rows += _row(name, quantity, n, squares, sum(part[quantity].magnitudes.sum() for part in parts))
    return [replace(row, is_total=True) for row in rows]


def _row(group: str, quantity: str, n: int, squares: float, magnitudes: float) -> list[ErrorRow]:
    if n == 0:
        return []
    return [ErrorRow(group, quantity, int(n), math.sqrt(squares / n), float(magnitudes / n))]


def _sums(source: Predictions) -> dict[str, _Sums]:
    n_atoms = np.diff(source.ptr)
    n_groups, group = len(source.groups), source.group
    energy = (source.energy / n_atoms)[:, np.newaxis], (source.energy_target / n_atoms)[:, np.newaxis]
    return {
        ENERGY: _group_sums(*energy, group, n_groups),
        FORCE: _group_sums(source.force, source.force_target, np.repeat(group, n_atoms), n_groups),
        STRESS: _group_sums(source.stress, source.stress_target, group, n_groups),
    }


def _group_sums(predicted: FloatArray, target: FloatArray, group: NDArray[np.int32], n_groups: int) -> _Sums:
    """Sum over the components [n_rows, n_components] that have a target; `group` is [n_rows]."""
    known = ~np.isnan(target)
    errors = (predicted - target)[known]
    member = np.broadcast_to(group[:, np.newaxis], target.shape)[known]
    with np.errstate(over="ignore"):  # start values may be far off
        squares = errors**2
    return _Sums(
        n=np.bincount(member, minlength=n_groups),
        squares=np.asarray(np.bincount(member, squares, n_groups), dtype=np.float64),
        magnitudes=np.asarray(np.bincount(member, np.abs(errors), n_groups), dtype=np.float64),
    )
