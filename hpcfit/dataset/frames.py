"""Converts one frame of a foreign file to the units and signs of `Configurations`; ambiguous data is an error.

The energy is ``energy``, ``Energy`` or ``free_energy``; several of them must agree. Forces are ``forces`` or ``force``.
Stress needs its unit and sign from the user. Weights of properties and of atoms have the keys of the exports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hpcfit.dataset.formats._format import ASYMMETRY, Frame
from hpcfit.dataset.formats.extxyz import FORCE_WEIGHT_KEY, PROPERTY_WEIGHT_KEY
from hpcfit.dataset.import_options import STRESS_SIGNS, ImportOptions
from hpcfit.errors import Fault
from hpcfit.records import FloatArray
from hpcfit.units import STRESS_UNITS

_ENERGY_KEYS = ("energy", "Energy", "free_energy")
_FORCES_KEYS = ("forces", "force")
_VIRIAL_KEYS = ("virial", "virials")
_GROUP_KEY = "config_type"

#: Largest difference of opposite shears relative to the largest component: files print 6 to 8 digits.
_SYMMETRY_TOLERANCE = 1e-5

_T = TypeVar("_T")


@dataclass(frozen=True)
class FrameRow:
    """The data of a frame, None where missing; units, signs and orders as in `Configurations`."""

    where: str
    symbols: list[str]
    cell: FloatArray
    pbc: NDArray[np.bool_]
    position: FloatArray
    energy: float | None
    energy_key: str
    force: FloatArray | None
    stress: FloatArray | None
    group: str
    weight: float
    property_weight: FloatArray | None
    force_weight: FloatArray | None


def frame_values(frame: Frame) -> dict[str, Any]:
    """Return all entries of a frame by name, from all of ASE's containers."""
    atoms = frame.atoms
    results = atoms.calc.results if atoms.calc is not None else {}
    return {**atoms.arrays, **atoms.info, **results}


def read_row(frame: Frame, values: dict[str, Any], options: ImportOptions) -> FrameRow | list[Fault]:
    """Return the row of a frame, or all its faults.

    Parameters
    ----------
    frame
        As ASE read it.
    values
        Its `frame_values`.
    options
        Options of the import.
    """
    faults: list[Fault] = []

    def attempt(extract: Callable[[], _T]) -> _T | None:
        try:
            return extract()
        except _RefusalError as refusal:
            faults.append(replace(refusal.fault, where=frame.where))
            return None

    symbols = attempt(lambda: _symbols(frame.atoms))
    energy = attempt(lambda: _energy(values, options))
    force = attempt(lambda: _forces(values, options, len(frame.atoms)))
    stress = attempt(lambda: _stress(values, options))
    group = attempt(lambda: _group(values, options, frame.group))
    weight = attempt(lambda: _weight(values, options))
    property_weight = attempt(lambda: _factors(values, PROPERTY_WEIGHT_KEY, 3))
    force_weight = attempt(lambda: _factors(values, FORCE_WEIGHT_KEY, len(frame.atoms)))
    if symbols is None or group is None or weight is None or faults:
        return faults
    return FrameRow(
        where=frame.where,
        symbols=symbols,
        cell=np.array(frame.atoms.cell),
        pbc=np.array(frame.atoms.pbc),
        position=np.array(frame.atoms.positions),
        energy=energy[1] if energy else None,
        energy_key=energy[0] if energy else "",
        force=force,
        stress=stress,
        group=group,
        weight=weight,
        property_weight=property_weight,
        force_weight=force_weight,
    )


class _RefusalError(Exception):
    """A fault whose place the caller knows."""

    def __init__(self, what: str, found: str = "", allowed: str = "") -> None:
        super().__init__(what, found, allowed)
        self.fault = Fault("", what, found, allowed)


def _symbols(atoms: Any) -> list[str]:
    if len(atoms) and atoms.numbers.min() < 1:
        raise _RefusalError("unknown species", "X")
    return list(atoms.symbols)


def _energy(values: dict[str, Any], options: ImportOptions) -> tuple[str, float] | None:
    keys = (options.energy_key,) if options.energy_key else _ENERGY_KEYS
    found = {key: _number(key, values[key]) for key in keys if key in values}
    if len(set(found.values())) > 1:
        said = " ".join(f"{key}={value}" for key, value in found.items())
        raise _RefusalError(
            "several different energies", said, f"one of them by --energy-key {' | '.join(found)}"
        )
    return next(iter(found.items()), None)


def _forces(values: dict[str, Any], options: ImportOptions, n_atoms: int) -> FloatArray | None:
    keys = (options.forces_key,) if options.forces_key else _FORCES_KEYS
    found = {key: _array(key, values[key], (n_atoms, 3)) for key in keys if key in values}
    values_found = list(found.values())
    if not all(np.array_equal(values_found[0], other) for other in values_found[1:]):
        raise _RefusalError("several different forces", " ".join(found), "one of them by --forces-key")
    return values_found[0] if values_found else None


def _stress(values: dict[str, Any], options: ImportOptions) -> FloatArray | None:
    if options.ignore_stress:
        return None
    for key in _VIRIAL_KEYS:
        if key in values:
            raise _RefusalError("virials are not read", key, "--ignore-stress")
    if "stress" not in values:
        return None
    if options.stress_unit is None or options.stress_sign is None:
        units, signs = "|".join(STRESS_UNITS), "|".join(STRESS_SIGNS)
        allowed = f"--stress-unit {units} and --stress-sign {signs}, or --ignore-stress"
        raise _RefusalError("unit and sign of the stress are not given", "stress", allowed)
    stress = _array("stress", values["stress"], (6,))
    if values.get(ASYMMETRY, 0.0) > _SYMMETRY_TOLERANCE * np.abs(stress).max():
        raise _RefusalError("stress is not symmetric", str(values[ASYMMETRY]), "--ignore-stress")
    return stress * (STRESS_UNITS[options.stress_unit] * STRESS_SIGNS[options.stress_sign])


def _group(values: dict[str, Any], options: ImportOptions, fallback: str) -> str:
    key = options.group_key or _GROUP_KEY
    if options.group_key and key not in values:
        raise _RefusalError("has no entry of --group-key", key, ", ".join(sorted(values)))
    name = values.get(key, fallback)
    if not isinstance(name, (str, int, float, np.number)):
        raise _RefusalError(f"{key} is not a name", repr(name))
    group = str(name).partition(options.group_split)[0] if options.group_split else str(name)
    if not group:
        raise _RefusalError("name of the group is empty", repr(name))
    return group


def _weight(values: dict[str, Any], options: ImportOptions) -> float:
    key = options.weight_key
    return _number(key, values[key]) if key is not None and key in values else 1.0


def _factors(values: dict[str, Any], key: str, n: int) -> FloatArray | None:
    if key not in values:
        return None
    factors = _array(key, values[key], (n,))
    bad = factors[~(np.isfinite(factors) & (factors >= 0))]
    if len(bad):
        raise _RefusalError(f"{key} is negative or not finite", str(bad[0]))
    return factors


def _number(key: str, value: Any) -> float:
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return float(value)
    raise _RefusalError(f"{key} is not a number", repr(value))


def _array(key: str, value: Any, shape: tuple[int, ...]) -> FloatArray:
    array = np.asarray(value)
    if array.dtype.kind not in "if":
        raise _RefusalError(f"{key} is not numbers", str(array.dtype))
    if array.shape != shape:
        raise _RefusalError(f"{key} has the wrong shape", str(list(array.shape)), str(list(shape)))
    return array.astype(np.float64)
