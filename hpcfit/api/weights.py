"""Weights of configurations, as objects for residual functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcfit.errors import Fault, InputError, nearest
from hpcfit.records import FloatArray, MagnitudeInverse


class Weight:
    """The weights of a configuration; residuals are ``config_weight`` times a property's weight times a difference.

    A subclass may compute weights from the configuration: `compute_weight` is called once for each.

    Parameters
    ----------
    config_weight, energy_weight, stress_weight
        Non-negative factors on residuals.
    forces_weight
        One factor, or one per atom, [N] or [3N].
    """

    def __init__(
        self,
        config_weight: float = 1.0,
        energy_weight: float = 1.0,
        forces_weight: float | FloatArray = 1.0,
        stress_weight: float = 1.0,
    ) -> None:
        self.config_weight = config_weight
        self.energy_weight = energy_weight
        self.forces_weight = forces_weight
        self.stress_weight = stress_weight

    @classmethod
    def from_tolerances(
        cls, energy: float = 1.0, forces: float = 1.0, stress: float = 1.0, config_weight: float = 1.0
    ) -> Weight:
        """Return weights 1 / tolerance, for tolerances in eV, eV/Angstrom, eV/Angstrom^3.

        Raises
        ------
        InputError
            If one is not above 0.
        """
        given = {"energy": energy, "forces": forces, "stress": stress}
        faults = [
            Fault("from_tolerances", f"tolerance of {kind}", repr(one), "a number above 0")
            for kind, one in given.items()
            if not one > 0
        ]
        if faults:
            raise InputError(faults)
        return cls(config_weight, 1.0 / energy, 1.0 / forces, 1.0 / stress)

    def compute_weight(self, config: Any) -> None:
        """Set the weights for a `hpcfit.api.dataset.Configuration`; this class leaves them unchanged."""


class MagnitudeInverseWeight(Weight):
    """Weights that fall with the magnitude of the target, 1 / sqrt(c1^2 + (c2 |target|)^2); per atom for forces.

    Lenosky et al., Phys. Rev. B 55, 1528 (1997), as in KLIFF.

    Parameters
    ----------
    config_weight
        A further factor.
    weight_params
        ``energy_weight_params``, ``forces_weight_params``, ``stress_weight_params``: c1, or [c1, c2]. Default: [1, 0].
    """

    def __init__(
        self, config_weight: float = 1.0, weight_params: Mapping[str, float | Sequence[float]] | None = None
    ) -> None:
        super().__init__(config_weight)
        kinds = {f"{kind}_weight_params": kind for kind in ("energy", "forces", "stress")}
        given: dict[str, tuple[float, float]] = {}
        for key, value in (weight_params or {}).items():
            if key not in kinds:
                fault = Fault("weight_params", "unknown key", key, ", ".join(kinds), nearest(key, kinds))
                raise InputError([fault])
            given[kinds[key]] = _law(key, value)
        self._law = MagnitudeInverse(**given)

    def compute_weight(self, config: Any) -> None:
        """Set the weights from the configuration's targets."""
        if config.energy is not None:
            self.energy_weight = float(self._law.of("energy", np.abs(np.array([config.energy])))[0])
        if config.forces is not None:
            of_atoms = self._law.of("forces", np.sqrt((config.forces**2).sum(axis=1)))
            self.forces_weight = np.repeat(of_atoms, 3)
        if config.stress is not None:
            square = (config.stress[:3] ** 2).sum() + 2.0 * (config.stress[3:] ** 2).sum()
            self.stress_weight = float(self._law.of("stress", np.sqrt(np.array([square])))[0])


def _law(key: str, value: Any) -> tuple[float, float]:
    try:
        pair = np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        pair = np.empty(0)
    # With c1 of 0 the weight of a target of 0 would be infinite.
    if pair.shape not in ((1,), (2,)) or not (np.isfinite(pair).all() and pair[0] > 0 and (pair >= 0).all()):
        allowed = "c1 above 0, c2 not below 0"
        raise InputError([Fault(f"weight_params['{key}']", "must be c1 or [c1, c2]", repr(value), allowed)])
    return float(pair[0]), float(pair[1]) if len(pair) == 2 else 0.0


@dataclass(frozen=True)
class WeightArrays:
    """The numbers in the weight objects of all configurations.

    Parameters
    ----------
    config
        [n].
    properties
        [n, 3], of energy, forces and stress.
    atoms
        [n_atoms]; None if no configuration has weights per atom.
    """

    config: FloatArray
    properties: FloatArray
    atoms: FloatArray | None


def configuration_weights(weight: Weight, configurations: Sequence[Any], name: str) -> list[Weight]:
    """Return a copy of a weight object for each configuration, computed for it.

    Raises
    ------
    InputError
        If it cannot be computed for a configuration of the dataset `name`.
    """
    made = []
    for k, configuration in enumerate(configurations):
        own = deepcopy(weight)
        try:
            own.compute_weight(configuration)
        except Exception as error:
            where = f"{name}: weight of configuration {k} ({configuration.identifier})"
            found = f"{type(error).__name__}: {error}"
            raise InputError([Fault(where, "compute_weight fails", found)]) from error
        made.append(own)
    return made


def of_components(forces_weight: Any, n_atoms: int) -> Any:
    """Return a weight of forces as a factor for residual functions: one number, or one per component, [3N]."""
    if np.shape(forces_weight) == (n_atoms,):
        return np.repeat(np.asarray(forces_weight, dtype=np.float64), 3)
    return forces_weight


def is_uniform(weight: Weight) -> bool:
    """Return whether a weight is the same for any configuration."""
    plain = type(weight).compute_weight is Weight.compute_weight
    return plain and np.ndim(weight.forces_weight) == 0


def weight_arrays(weights: Sequence[Weight], ptr: Any, name: str) -> WeightArrays:
    """Return the numbers in weight objects.

    Parameters
    ----------
    weights
        One per configuration.
    ptr
        [n + 1], first atom of each configuration.
    name
        Name of the dataset in error messages.

    Raises
    ------
    InputError
        With every configuration whose weights are invalid.
    """
    n, faults = len(weights), []
    config, properties, atoms = np.empty(n), np.empty((n, 3)), np.ones(int(ptr[-1]))
    for k, weight in enumerate(weights):
        try:
            config[k] = weight.config_weight
            properties[k] = weight.energy_weight, 1.0, weight.stress_weight
            if np.ndim(weight.forces_weight) == 0:
                properties[k, 1] = weight.forces_weight
            else:
                atoms[ptr[k] : ptr[k + 1]] = _of_atoms(weight.forces_weight, int(ptr[k + 1] - ptr[k]))
        except (AttributeError, TypeError, ValueError) as error:
            faults.append(Fault(f"{name}: weight of configuration {k}", str(error)))
            continue
        numbers = np.array([config[k], *properties[k], *atoms[ptr[k] : ptr[k + 1]]])
        if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
            bad = float(numbers[~(np.isfinite(numbers) & (numbers >= 0))][0])
            faults.append(
                Fault(f"{name}: weight of configuration {k}", "not a weight", f"{bad}", "numbers not below 0")
            )
    if faults:
        raise InputError(faults)
    has_atoms = any(np.ndim(weight.forces_weight) > 0 for weight in weights)
    return WeightArrays(config, properties, atoms if has_atoms else None)


def _of_atoms(given: Any, n_atoms: int) -> FloatArray:
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape == (n_atoms,):
        return weights
    if weights.shape != (3 * n_atoms,):
        raise ValueError(
            f"forces_weight has the wrong length, found {weights.shape}, allowed {n_atoms} atoms"
        )
    by_atom = weights.reshape(n_atoms, 3)
    if not (by_atom == by_atom[:, :1]).all():
        raise ValueError("forces_weight differs between components of one atom")
    return by_atom[:, 0]
