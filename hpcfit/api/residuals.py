"""The built-in residual functions, with KLIFF's arguments.

A loss evaluates them in the kernels; calling them gives the same numbers to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hpcfit.api.weights import of_components
from hpcfit.records import FloatArray


def energy_forces_residual(
    identifier: str, natoms: int, weight: Any, prediction: FloatArray, reference: FloatArray, data: Any
) -> FloatArray:
    """Return weighted differences of energy and forces.

    Parameters
    ----------
    identifier
        ``group/number`` of the configuration; numbers count from 0 in its dataset.
    natoms
        Its number of atoms N.
    weight
        With ``config_weight``, ``energy_weight``, ``forces_weight`` and ``stress_weight``.
    prediction, reference
        [1 + 3N], energy (eV), then force components (eV/Angstrom).
    data
        ``normalize_by_natoms``: whether residuals are divided by N.

    Returns
    -------
    FloatArray
        [1 + 3N].
    """
    residual = weight.config_weight * (prediction - reference)
    residual[0] *= weight.energy_weight
    residual[1:] *= of_components(weight.forces_weight, natoms)
    return _per_atom(residual, natoms, data)


def energy_residual(
    identifier: str, natoms: int, weight: Any, prediction: FloatArray, reference: FloatArray, data: Any
) -> FloatArray:
    """Return the weighted difference of energies, [1]; arguments as in `energy_forces_residual`."""
    residual = weight.config_weight * weight.energy_weight * (prediction - reference)
    return _per_atom(residual, natoms, data)


def forces_residual(
    identifier: str, natoms: int, weight: Any, prediction: FloatArray, reference: FloatArray, data: Any
) -> FloatArray:
    """Return the weighted differences of forces, [3N]; arguments as in `energy_forces_residual`."""
    forces_weight = of_components(weight.forces_weight, natoms)
    residual = weight.config_weight * forces_weight * (prediction - reference)
    return _per_atom(residual, natoms, data)


def energy_forces_stress_residual(
    identifier: str, natoms: int, weight: Any, prediction: FloatArray, reference: FloatArray, data: Any
) -> FloatArray:
    """Return weighted differences of energy, forces and stress (eV/Angstrom^3, tension positive), [7 + 3N]."""
    residual = weight.config_weight * (prediction - reference)
    residual[0] *= weight.energy_weight
    residual[1:-6] *= of_components(weight.forces_weight, natoms)
    residual[-6:] *= weight.stress_weight
    return _per_atom(residual, natoms, data)


def _per_atom(residual: FloatArray, natoms: int, data: Any) -> FloatArray:
    if data["normalize_by_natoms"]:
        residual /= natoms
    return residual


#: Names in a job, and whether energies, forces and stresses are used.
BUILT_IN: Mapping[Callable[..., FloatArray], tuple[str, tuple[bool, bool, bool]]] = {
    energy_residual: ("energy", (True, False, False)),
    forces_residual: ("forces", (False, True, False)),
    energy_forces_residual: ("energy-forces", (True, True, False)),
    energy_forces_stress_residual: ("energy-forces-stress", (True, True, True)),
}
