"""Outcomes of a run for the job's own structures: properties with their targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.objective.structures.rows import FAILED
from hpcfit.records import FloatArray

DERIVED = "derived-property"
RELAXED, UNRELAXED, INPUT = "relaxed", "before relaxation", "not relaxed"


@dataclass(frozen=True)
class PropertyOutcome:
    """A property of a structure, in its printed unit.

    Parameters
    ----------
    name, unit
        As printed.
    fit
        Whether it is fitted; others with a target are the validation set.
    style, tolerance
        Of its residual.
    state
        ``relaxed`` for a relaxed degree of freedom, ``before relaxation`` for a property measured there, ``not
        relaxed`` for an input; empty for others.
    weight
        W, the product of normalised weights; 0 if not fitted.
    minimum, maximum
        Bounds of the relaxation; infinite if there are none.
    all_components
        Whether all components of a vector are printed.
    start
        [n], before the fit.
    value
        [n].
    target
        [n], NaN if there is none.
    """

    name: str
    unit: str
    fit: bool
    style: str
    tolerance: float
    state: str
    weight: float
    minimum: float
    maximum: float
    all_components: bool
    start: FloatArray
    value: FloatArray
    target: FloatArray

    @property
    def has_target(self) -> bool:
        """Whether the property has a target."""
        return not bool(np.isnan(self.target).any())

    @property
    def deviation(self) -> float:
        """The residual before weighting, summed over components; NaN without a target.

        A fitted property without a value counts as in the objective.
        """
        if self.fit and not np.isfinite(self.value).all():
            return FAILED**2 * len(self.value)
        difference = self.value - self.target
        if self.style == "absolute-diff":
            return float(np.abs(difference).sum())
        scale = self.target if self.style == "squared-relative" else self.tolerance
        with np.errstate(over="ignore"):
            return float(((difference / scale) ** 2).sum())

    @property
    def residual(self) -> float:
        """Its contribution to the sum of squares."""
        return self.weight * self.deviation if self.weight > 0.0 else 0.0


@dataclass(frozen=True)
class StructureOutcome:
    """A structure at the end of a run, or a derived property, which has no atoms.

    Parameters
    ----------
    id, kind
        In the job; `DERIVED` is the kind of a derived property.
    failure
        As in `StructureResult`.
    cell, pbc, symbols, position
        Its atoms after the relaxation, Angstrom.
    properties
        Those listed by the job and those always computed.
    """

    id: str
    kind: str
    failure: str
    cell: FloatArray
    pbc: NDArray[np.bool_]
    symbols: tuple[str, ...]
    position: FloatArray
    properties: tuple[PropertyOutcome, ...]
